using System.Buffers;
using Mesh.Registry.Manifests;
using Mesh.Registry.Repositories;

namespace Mesh.Registry.Distribution;

/// <summary>Manifests: <c>/v2/{name}/manifests/{digest or tag}</c>.</summary>
public sealed class ManifestEndpoints(ManifestStore manifests, TagStore tags)
{
    /// <summary>GET and HEAD.</summary>
    public async Task GetAsync(HttpContext context, RepositoryPath path, string reference)
    {
        var withContent = HttpMethods.IsGet(context.Request.Method);
        var found = await manifests.FindAsync(path, Reference.Parse(reference), withContent, context.RequestAborted)
            ?? throw RegistryErrors.ManifestUnknown(path, reference);
        var response = context.Response;
        response.ContentType = found.MediaType;
        response.ContentLength = found.Size;
        response.Headers[OciAnswers.DigestHeader] = found.Digest.ToString();
        response.Headers.ETag = $"\"{found.Digest}\"";
        if (found.Content is not null) await response.Body.WriteAsync(found.Content, context.RequestAborted);
    }

    /// <summary>PUT: by tag, or by the digest that the manifest must have; further tags as <c>tag=</c>.</summary>
    public async Task PutAsync(HttpContext context, RepositoryPath path, string reference)
    {
        var target = Reference.Parse(reference);
        var names = context.Request.Query["tag"].Select(tag => tag ?? "").ToList();
        foreach (var name in names)
            if (!Tag.IsName(name)) throw RegistryErrors.TagInvalid(name);
        if (target.Tag is not null) names.Add(target.Tag);

        var content = await ReadAsync(context);
        var manifest = ManifestParser.Parse(content, MediaType(context.Request.ContentType), target.Digest);
        await manifests.PutAsync(path, manifest, names, context.RequestAborted);
        context.Response.Created(path, "manifests", manifest.Digest);
        if (manifest.Subject is not null) context.Response.Headers["OCI-Subject"] = manifest.Subject.ToString();
        if (names.Count > 0) context.Response.Headers["OCI-Tag"] = names.ToArray();
    }

    /// <summary>DELETE: by digest the manifest with all its tags; by tag only the tag.</summary>
    public async Task DeleteAsync(HttpContext context, RepositoryPath path, string reference)
    {
        var target = Reference.Parse(reference);
        var deleted = target.Digest is not null
            ? await manifests.DeleteAsync(path, target.Digest, context.RequestAborted)
            : await tags.DeleteAsync(path, target.Tag!, context.RequestAborted);
        if (!deleted) throw RegistryErrors.ManifestUnknown(path, reference);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentLength = 0;
    }

    private static string? MediaType(string? contentType) => contentType?.Split(';', 2)[0].Trim();

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength > Manifest.MostBytes) throw RegistryErrors.ManifestTooLarge();
        var result = await context.Request.BodyReader.ReadAtLeastAsync(Manifest.MostBytes + 1, context.RequestAborted);
        if (result.Buffer.Length > Manifest.MostBytes) throw RegistryErrors.ManifestTooLarge();
        var content = result.Buffer.ToArray();
        context.Request.BodyReader.AdvanceTo(result.Buffer.End);
        return content;
    }
}
