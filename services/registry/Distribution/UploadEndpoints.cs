using Mesh.Common.Errors;
using Mesh.Registry.Blobs;
using Mesh.Registry.Repositories;
using Mesh.Registry.Uploads;

namespace Mesh.Registry.Distribution;

/// <summary>Blobs coming in: <c>/v2/{name}/blobs/uploads/…</c>.</summary>
public sealed class UploadEndpoints(UploadSessions sessions, BlobStore blobs, IBlobStorage storage, TimeProvider time)
{
    /// <summary>POST: mounts a blob of elsewhere, takes one whole, or begins an upload.</summary>
    public async Task PostAsync(HttpContext context, RepositoryPath path)
    {
        var query = context.Request.Query;
        if (query.TryGetValue("mount", out var mount) && await MountAsync(context, path, mount, query["from"]) is { } mounted)
        {
            context.Response.Created(path, "blobs", mounted);
            return;
        }
        if (query.TryGetValue("digest", out var given))
        {
            var digest = ParseDigest(given);
            await sessions.StoreAsync(path, digest, context.Request.BodyReader, context.RequestAborted);
            context.Response.Created(path, "blobs", digest);
            return;
        }
        var id = Guid.CreateVersion7(time.GetUtcNow());
        await sessions.BeginAsync(path, id, context.RequestAborted);
        context.Response.Progress(StatusCodes.Status202Accepted, path, id, 0);
    }

    /// <summary>GET: how far an upload came.</summary>
    public async Task GetAsync(HttpContext context, RepositoryPath path, string reference)
    {
        var id = ParseId(reference);
        var length = await sessions.FindAsync(path, id, context.RequestAborted);
        context.Response.Progress(StatusCodes.Status204NoContent, path, id, length);
    }

    /// <summary>PATCH: the next chunk.</summary>
    public async Task PatchAsync(HttpContext context, RepositoryPath path, string reference)
    {
        var id = ParseId(reference);
        await using var upload = await sessions.OpenAsync(path, id, context.RequestAborted);
        await ReceiveAsync(context, path, id, upload);
        context.Response.Progress(StatusCodes.Status202Accepted, path, id, upload.Length);
    }

    /// <summary>PUT: the last chunk, which may be empty, and the digest of the whole.</summary>
    public async Task PutAsync(HttpContext context, RepositoryPath path, string reference)
    {
        var id = ParseId(reference);
        var digest = ParseDigest(context.Request.Query["digest"]);
        try
        {
            await using var upload = await sessions.OpenAsync(path, id, context.RequestAborted);
            await ReceiveAsync(context, path, id, upload);
            await sessions.FinishAsync(path, id, upload, digest, context.RequestAborted);
        }
        catch (MeshException error) when (error.Reason == "UPLOAD_NOT_FOUND")
        {
            // The end of an upload is repeated when its answer was lost: then the blob is there.
            if (await blobs.FindForPushAsync(path, digest, context.RequestAborted) is null
                || await storage.FindAsync(digest, context.RequestAborted) is null) throw;
        }
        context.Response.Created(path, "blobs", digest);
    }

    /// <summary>DELETE: gives an upload up.</summary>
    public async Task DeleteAsync(HttpContext context, RepositoryPath path, string reference)
    {
        var id = ParseId(reference);
        await using (await sessions.OpenAsync(path, id, context.RequestAborted))
            await sessions.GiveUpAsync(id, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task ReceiveAsync(HttpContext context, RepositoryPath path, Guid id, IBlobUpload upload)
    {
        var request = context.Request;
        var begin = upload.Length;
        var range = ContentRange.Parse(request.Headers.ContentRange);
        if (range is { } chunk)
        {
            if (chunk.First != begin)
            {
                context.Response.Progress(StatusCodes.Status416RangeNotSatisfiable, path, id, begin);
                context.Response.ContentLength = null;
                throw RegistryErrors.OffsetMismatch(begin);
            }
            if (request.ContentLength is { } announced && announced != chunk.Length) throw RegistryErrors.SizeMismatch(chunk.Length, announced);
        }
        try
        {
            await sessions.ReceiveAsync(upload, request.BodyReader, range?.Length ?? long.MaxValue, context.RequestAborted);
            var got = upload.Length - begin;
            if (range is { } whole && got != whole.Length) throw RegistryErrors.SizeMismatch(whole.Length, got);
        }
        catch (MeshException error) when (error.Reason == "SIZE_MISMATCH")
        {
            await upload.TruncateAsync(begin, CancellationToken.None);
            throw;
        }
    }

    private async Task<Digest?> MountAsync(HttpContext context, RepositoryPath path, string? mount, string? from)
    {
        var digest = ParseDigest(mount);
        RepositoryPath? source = null;
        if (!string.IsNullOrEmpty(from))
        {
            // A source that the caller may not read is like one that does not exist: he sends the bytes then.
            if (!RepositoryPath.TryParse(from, out source) || !context.MayPull(source)) return null;
        }
        return await sessions.MountAsync(path, digest, source, context.RequestAborted) is null ? null : digest;
    }

    private static Digest ParseDigest(string? value) => Digest.TryParse(value, out var digest) ? digest : throw RegistryErrors.DigestInvalid(value);

    private static Guid ParseId(string value) =>
        Guid.TryParseExact(value, "D", out var id) ? id : throw MeshException.NotFound("UPLOAD_NOT_FOUND", $"The repository has no upload {value}.");
}
