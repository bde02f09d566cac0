using System.Text.Json.Serialization;
using Mesh.Registry.Blobs;
using Mesh.Registry.Manifests;
using Mesh.Registry.Repositories;

namespace Mesh.Registry.Distribution;

/// <summary>What can be discovered: tags, referrers and repositories.</summary>
public sealed class ListEndpoints(TagStore tags, ReferrerStore referrers, RepositoryStore repositories)
{
    private const int Most = 1000;

    /// <summary>GET <c>/v2/{name}/tags/list</c>.</summary>
    public async Task TagsAsync(HttpContext context, RepositoryPath path)
    {
        var (size, last) = context.Request.Page(Most);
        var page = await tags.ListAsync(path, last, size + 1, context.RequestAborted) ?? throw RegistryErrors.RepositoryUnknown(path);
        var names = page.Take(size).Select(tag => tag.Name).ToList();
        if (page.Count > size && size > 0) context.Response.NextPage(context.Request, size, names[^1]);
        await context.Response.WriteAsJsonAsync(new { name = path.ToString(), tags = names }, context.RequestAborted);
    }

    /// <summary>GET <c>/v2/_catalog</c>: the repositories that the caller may pull.</summary>
    public async Task CatalogAsync(HttpContext context)
    {
        var (size, last) = context.Request.Page(Most);
        var page = await repositories.ListNamesAsync(context.Tenants(), last, size + 1, context.RequestAborted);
        var names = page.Take(size).ToList();
        if (page.Count > size && size > 0) context.Response.NextPage(context.Request, size, names[^1]);
        await context.Response.WriteAsJsonAsync(new { repositories = names }, context.RequestAborted);
    }

    /// <summary>GET <c>/v2/{name}/referrers/{digest}</c>: an index, also of a subject that is not here.</summary>
    public async Task ReferrersAsync(HttpContext context, RepositoryPath path, string reference)
    {
        if (!Digest.TryParse(reference, out var subject)) throw RegistryErrors.DigestInvalid(reference);
        var type = context.Request.Query["artifactType"].ToString() is { Length: > 0 } asked ? asked : null;
        var (size, last) = context.Request.Page(Most);
        var page = await referrers.ListAsync(path, subject, type, last, size + 1, context.RequestAborted);
        var entries = page.Take(size).ToList();
        if (page.Count > size && size > 0) context.Response.NextPage(context.Request, size, entries[^1].Digest.ToString());
        if (type is not null) context.Response.Headers["OCI-Filters-Applied"] = "artifactType";
        var index = new Index(2, MediaTypes.OciIndex, [.. entries.Select(Entry.Of)]);
        await context.Response.WriteAsJsonAsync(index, options: null, MediaTypes.OciIndex, context.RequestAborted);
    }

    private sealed record Index(int SchemaVersion, string MediaType, IReadOnlyList<Entry> Manifests);

    private sealed record Entry(
        string MediaType,
        string Digest,
        long Size,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ArtifactType,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, string>? Annotations)
    {
        public static Entry Of(Descriptor part) => new(part.MediaType, part.Digest.ToString(), part.Size, part.ArtifactType, part.Annotations);
    }
}
