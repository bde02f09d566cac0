using Mesh.Common.Errors;
using Mesh.Registry.Blobs;
using Mesh.Registry.Repositories;

namespace Mesh.Registry;

/// <summary>Everything that the registry refuses, by reason. <c>OciError</c> says what each is called in OCI's terms.</summary>
internal static class RegistryErrors
{
    private const int NoSpace = 28; // ENOSPC
    private const int OverQuota = 122; // EDQUOT

    public static MeshException BlobUnknown(Digest digest) =>
        MeshException.NotFound("BLOB_NOT_FOUND", $"The repository has no blob {digest}.");

    public static MeshException BlobInUse(Digest digest) =>
        MeshException.FailedPrecondition("BLOB_IN_USE", $"A manifest of the repository still refers to blob {digest}.");

    public static MeshException UploadUnknown(Guid id) =>
        MeshException.NotFound("UPLOAD_NOT_FOUND", $"The repository has no upload {id:D}.");

    public static MeshException UploadBusy(Guid id) =>
        MeshException.Aborted("UPLOAD_BUSY", $"Another request is writing to upload {id:D}.", TimeSpan.FromSeconds(1));

    public static MeshException UploadTaken(Guid id) =>
        MeshException.AlreadyExists("UPLOAD_EXISTS", $"The upload id {id:D} is in use elsewhere.");

    public static MeshException OffsetMismatch(long expected) =>
        MeshException.InvalidArgument("OFFSET_MISMATCH", "offset", $"The upload goes on at byte {expected}.");

    public static MeshException OffsetBeyondEnd(long size) =>
        MeshException.OutOfRange("OFFSET_BEYOND_END", $"The blob has {size} bytes.");

    public static MeshException TooManyBytes(long announced) =>
        MeshException.InvalidArgument("SIZE_MISMATCH", "content", $"More than the {announced} bytes that were announced were sent.");

    public static MeshException SizeMismatch(long announced, long got) =>
        MeshException.InvalidArgument("SIZE_MISMATCH", "content", $"{announced} bytes were announced and {got} were sent.");

    public static MeshException DigestInvalid(string? value, string field = "digest") =>
        MeshException.InvalidArgument("DIGEST_INVALID", field, $"\"{value}\" is not a digest: it is sha256:<hex> or sha512:<hex>.");

    public static MeshException DigestMismatch(Digest expected, Digest? actual) =>
        MeshException.InvalidArgument("DIGEST_MISMATCH", "digest",
            actual is null ? $"The content does not have the digest {expected}." : $"The content has the digest {actual}, not {expected}.");

    public static MeshException ManifestInvalid(string why) => MeshException.InvalidArgument("MANIFEST_INVALID", "manifest", why);

    public static MeshException ManifestTooLarge() =>
        MeshException.InvalidArgument("MANIFEST_TOO_LARGE", "manifest", $"A manifest has at most {Manifests.Manifest.MostBytes} bytes.");

    public static MeshException ManifestUnknown(RepositoryPath path, string reference) =>
        MeshException.NotFound("IMAGE_NOT_FOUND", $"The repository {path} has no manifest {reference}.");

    public static MeshException ManifestInUse(Digest digest) =>
        MeshException.FailedPrecondition("IMAGE_IN_USE", $"An index of the repository still refers to manifest {digest}.");

    public static MeshException ManifestBlobUnknown(IEnumerable<string> digests) =>
        MeshException.FailedPrecondition("MANIFEST_BLOB_UNKNOWN", $"The repository lacks {string.Join(", ", digests)}, which the manifest refers to.");

    public static MeshException RepositoryUnknown(RepositoryPath path) =>
        MeshException.NotFound("REPOSITORY_NOT_FOUND", $"There is no repository {path}.");

    public static MeshException RepositoryInvalid(string value) =>
        MeshException.InvalidArgument("NAME_INVALID", "name", $"\"{value}\" is not a repository name: it is <tenant>/<name>, in lower case.");

    public static MeshException TagInvalid(string value, string field = "tag") =>
        MeshException.InvalidArgument("TAG_INVALID", field, $"\"{value}\" is not a tag: at most 128 letters, digits, \"_\", \".\" and \"-\", not beginning with the last two.");

    public static MeshException DiskFull() =>
        MeshException.ResourceExhausted("DISK_FULL", "The registry has no room left.", TimeSpan.FromMinutes(1));

    public static bool IsDiskFull(Exception failure) => failure is IOException && (failure.HResult & 0xffff) is NoSpace or OverQuota;
}
