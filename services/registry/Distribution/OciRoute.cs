using Mesh.Registry.Repositories;

namespace Mesh.Registry.Distribution;

/// <summary>The kinds of addresses under <c>/v2/</c>.</summary>
public enum OciRouteKind
{
    Version,
    Catalog,
    Blob,
    Uploads,
    Upload,
    Manifest,
    Tags,
    Referrers,
}

/// <summary>
/// An address under <c>/v2/</c>, taken apart. Repository names hold slashes, so it is read from its end:
/// <c>acme/shop/manifests/latest</c>.
/// </summary>
/// <param name="Kind">What the address is.</param>
/// <param name="Repository">The repository as it was written; empty for Version and Catalog.</param>
/// <param name="Reference">The digest, the tag or the upload's id; empty where there is none.</param>
public sealed record OciRoute(OciRouteKind Kind, string Repository = "", string Reference = "")
{
    /// <summary>Takes apart what follows <c>/v2/</c>; null when it is no address of the distribution contract.</summary>
    public static OciRoute? Parse(string? path)
    {
        if (string.IsNullOrEmpty(path)) return new OciRoute(OciRouteKind.Version);
        if (path == "_catalog") return new OciRoute(OciRouteKind.Catalog);
        return path.Split('/') switch
        {
            [.. { Length: > 0 } name, "blobs", "uploads", ""] => Make(OciRouteKind.Uploads, name),
            [.. { Length: > 0 } name, "blobs", "uploads", var id] => Make(OciRouteKind.Upload, name, id),
            [.. { Length: > 0 } name, "blobs", "uploads"] => Make(OciRouteKind.Uploads, name),
            [.. { Length: > 0 } name, "blobs", var digest] => Make(OciRouteKind.Blob, name, digest),
            [.. { Length: > 0 } name, "manifests", var reference] => Make(OciRouteKind.Manifest, name, reference),
            [.. { Length: > 0 } name, "tags", "list"] => Make(OciRouteKind.Tags, name),
            [.. { Length: > 0 } name, "referrers", var digest] => Make(OciRouteKind.Referrers, name, digest),
            _ => null,
        };
    }

    private static OciRoute Make(OciRouteKind kind, string[] name, string reference = "") =>
        new(kind, string.Join('/', name), reference);

    /// <summary>The repository, parsed; NAME_INVALID when it is none.</summary>
    public RepositoryPath ParseRepository() => RepositoryPath.TryParse(Repository, out var path)
        ? path
        : throw RegistryErrors.RepositoryInvalid(Repository);
}
