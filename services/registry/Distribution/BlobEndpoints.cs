using Mesh.Registry.Blobs;
using Mesh.Registry.Repositories;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Mesh.Registry.Distribution;

/// <summary>Blobs going out: <c>/v2/{name}/blobs/{digest}</c>.</summary>
public sealed class BlobEndpoints(BlobStore blobs, IBlobStorage storage, RegistryMetrics metrics)
{
    /// <summary>HEAD: whether the repository has the blob. Clients ask before they push, so it starts the grace window again.</summary>
    public async Task HeadAsync(HttpContext context, RepositoryPath path, string reference)
    {
        var digest = ParseDigest(reference);
        if (await blobs.FindForPushAsync(path, digest, context.RequestAborted) is null
            || await storage.FindAsync(digest, context.RequestAborted) is not { } size) throw RegistryErrors.BlobUnknown(digest);
        Describe(context.Response, digest);
        context.Response.ContentLength = size;
    }

    /// <summary>GET: the blob, or the one range of it that is asked for.</summary>
    public async Task GetAsync(HttpContext context, RepositoryPath path, string reference)
    {
        var digest = ParseDigest(reference);
        if (await blobs.FindAsync(path, digest, context.RequestAborted) is null) throw RegistryErrors.BlobUnknown(digest);
        await using var content = await storage.OpenAsync(digest, context.RequestAborted) ?? throw RegistryErrors.BlobUnknown(digest);
        var response = context.Response;
        Describe(response, digest);
        var (first, length) = (0L, content.Length);
        if (Range(context.Request.Headers.Range, content.Length) is { } range)
        {
            (first, length) = range;
            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = new ContentRangeHeaderValue(first, first + length - 1, content.Length).ToString();
        }
        response.ContentLength = length;
        content.Position = first;
        using var transfer = metrics.Begin("down");
        await BlobCopy.SendAsync(content, response.BodyWriter, length, metrics, context.RequestAborted);
    }

    /// <summary>DELETE: takes the blob from the repository.</summary>
    public async Task DeleteAsync(HttpContext context, RepositoryPath path, string reference)
    {
        var digest = ParseDigest(reference);
        if (!await blobs.UnlinkAsync(path, digest, context.RequestAborted)) throw RegistryErrors.BlobUnknown(digest);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentLength = 0;
    }

    private static void Describe(HttpResponse response, Digest digest)
    {
        response.ContentType = "application/octet-stream";
        response.Headers[OciAnswers.DigestHeader] = digest.ToString();
        response.Headers.AcceptRanges = "bytes";
        response.Headers.ETag = $"\"{digest}\"";
    }

    /// <summary>The range that is asked for; null for the whole. Several ranges at once are answered with the whole, as HTTP allows.</summary>
    private static (long First, long Length)? Range(StringValues header, long size)
    {
        if (StringValues.IsNullOrEmpty(header) || !RangeHeaderValue.TryParse(header.ToString(), out var parsed)
            || parsed.Unit != "bytes" || parsed.Ranges.Count != 1) return null;
        var range = parsed.Ranges.First();
        var first = range.From ?? Math.Max(size - range.To!.Value, 0);
        var last = range.From is null ? size - 1 : Math.Min(range.To ?? (size - 1), size - 1);
        return first > last ? throw RegistryErrors.OffsetBeyondEnd(size) : (first, last - first + 1);
    }

    private static Digest ParseDigest(string value) => Digest.TryParse(value, out var digest) ? digest : throw RegistryErrors.DigestInvalid(value);
}
