using Grpc.Core;
using Mesh.Common.Errors;

namespace Mesh.Registry.Distribution;

/// <summary>An error as the OCI distribution contract names it, with its HTTP status.</summary>
public sealed record OciError(string Code, int Status)
{
    /// <summary>The one table from our reasons to OCI's codes.</summary>
    public static OciError Of(MeshException error) => error.Reason switch
    {
        "BLOB_NOT_FOUND" => new("BLOB_UNKNOWN", 404),
        "BLOB_IN_USE" or "IMAGE_IN_USE" or "METHOD_NOT_ALLOWED" => new("UNSUPPORTED", 405),
        "UPLOAD_NOT_FOUND" => new("BLOB_UPLOAD_UNKNOWN", 404),
        "UPLOAD_BUSY" or "UPLOAD_EXISTS" => new("BLOB_UPLOAD_INVALID", 409),
        "UPLOAD_RANGE_INVALID" => new("BLOB_UPLOAD_INVALID", 400),
        "OFFSET_MISMATCH" => new("BLOB_UPLOAD_INVALID", 416),
        "OFFSET_BEYOND_END" => new("SIZE_INVALID", 416),
        "SIZE_MISMATCH" => new("SIZE_INVALID", 400),
        "DIGEST_INVALID" or "DIGEST_MISMATCH" => new("DIGEST_INVALID", 400),
        "MANIFEST_INVALID" => new("MANIFEST_INVALID", 400),
        "MANIFEST_TOO_LARGE" => new("MANIFEST_INVALID", 413),
        "MANIFEST_BLOB_UNKNOWN" => new("MANIFEST_BLOB_UNKNOWN", 404),
        "IMAGE_NOT_FOUND" => new("MANIFEST_UNKNOWN", 404),
        "REPOSITORY_NOT_FOUND" => new("NAME_UNKNOWN", 404),
        "NAME_INVALID" => new("NAME_INVALID", 400),
        "TAG_INVALID" => new("TAG_INVALID", 400),
        "DISK_FULL" => new("UNAVAILABLE", 507),
        _ => Of(error.Code),
    };

    private static OciError Of(StatusCode code) => code switch
    {
        StatusCode.Unauthenticated => new("UNAUTHORIZED", 401),
        StatusCode.PermissionDenied => new("DENIED", 403),
        StatusCode.ResourceExhausted => new("TOOMANYREQUESTS", 429),
        StatusCode.NotFound => new("NAME_UNKNOWN", 404),
        StatusCode.Unavailable => new("UNAVAILABLE", 503),
        StatusCode.Internal => new("UNKNOWN", 500),
        _ => new("UNKNOWN", ErrorTable.HttpStatus(code)),
    };
}
