using System.Globalization;
using Mesh.Common.Errors;
using Mesh.Registry.Blobs;
using Mesh.Registry.Repositories;
using Microsoft.Net.Http.Headers;

namespace Mesh.Registry.Distribution;

/// <summary>The forms of answers that several endpoints share.</summary>
internal static class OciAnswers
{
    public const string DigestHeader = "Docker-Content-Digest";

    private const string Challenge = "Basic realm=\"Mesh registry\", charset=\"UTF-8\"";

    /// <summary>Writes an error as <c>{"errors":[…]}</c>; a HEAD carries the status alone.</summary>
    public static Task WriteErrorAsync(this HttpContext context, MeshException error)
    {
        var (code, status) = OciError.Of(error);
        var response = context.Response;
        response.StatusCode = status;
        if (status == StatusCodes.Status401Unauthorized) response.Headers.WWWAuthenticate = Challenge;
        if (error.RetryAfter is { } delay) response.Headers.RetryAfter = Math.Ceiling(delay.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        if (HttpMethods.IsHead(context.Request.Method)) return Task.CompletedTask;
        var body = new { errors = new[] { new { code, message = error.Message, detail = error.Facts.Count == 0 ? null : error.Facts } } };
        return response.WriteAsJsonAsync(body, context.RequestAborted);
    }

    /// <summary>201 for content that is stored now.</summary>
    public static void Created(this HttpResponse response, RepositoryPath path, string kind, Digest digest)
    {
        response.StatusCode = StatusCodes.Status201Created;
        response.Headers.Location = $"/v2/{path}/{kind}/{digest}";
        response.Headers[DigestHeader] = digest.ToString();
        response.ContentLength = 0;
    }

    /// <summary>Where an upload goes on and how far it came.</summary>
    public static void Progress(this HttpResponse response, int status, RepositoryPath path, Guid id, long length)
    {
        response.StatusCode = status;
        response.Headers.Location = $"/v2/{path}/blobs/uploads/{id:D}";
        response.Headers.Range = string.Create(CultureInfo.InvariantCulture, $"0-{Math.Max(length - 1, 0)}");
        response.Headers["Docker-Upload-UUID"] = id.ToString("D");
        if (status != StatusCodes.Status204NoContent) response.ContentLength = 0;
    }

    /// <summary>The page size and start that a caller asked for with <c>n</c> and <c>last</c>.</summary>
    public static (int Size, string Last) Page(this HttpRequest request, int most)
    {
        var last = request.Query["last"].ToString();
        if (!request.Query.TryGetValue("n", out var asked)) return (most, last);
        if (!int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var size))
            throw MeshException.InvalidArgument("n", "It must be a number that is not negative.");
        return (Math.Min(size, most), last);
    }

    /// <summary>Names the next page in a Link header; further parameters of the request stay.</summary>
    public static void NextPage(this HttpResponse response, HttpRequest request, int size, string last)
    {
        var query = QueryString.Create("n", size.ToString(CultureInfo.InvariantCulture)).Add("last", last);
        foreach (var (name, value) in request.Query)
            if (name is not ("n" or "last")) query = query.Add(name, value.ToString());
        response.Headers[HeaderNames.Link] = $"<{request.Path.ToUriComponent()}{query.ToUriComponent()}>; rel=\"next\"";
    }
}
