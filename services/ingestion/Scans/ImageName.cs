using System.Text.RegularExpressions;
using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Ingestion.Scans;

/// <summary>An image by its digest: `acme/shop@sha256:…`, whose scan is `tenants/acme/repositories/shop/scans/sha256:…`.</summary>
public sealed partial record ImageName(string Tenant, string Repository, string Digest)
{
    /// <summary>The name's parts; throws INVALID_ARGUMENT on the field when the name is malformed.</summary>
    public static ImageName Parse(string value, string field) =>
        TryParse(value) ?? throw MeshException.InvalidArgument(field, "An image has the form `{tenant}/{repository}@sha256:{hex}`.");

    /// <summary>The name's parts; null when it is the name of no image in a tenant's repository.</summary>
    public static ImageName? TryParse(string value) =>
        ImagePattern.Match(value) is { Success: true } match ? new(match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value) : null;

    /// <summary>The image whose scan has this name.</summary>
    public static ImageName ParseScan(string value, string field = "name") =>
        value.Split('/') is ["tenants", var tenant, "repositories", var repository, "scans", var digest] && DigestPattern.IsMatch(digest)
            ? new(TenantName.CheckId(tenant, field), RepositoryName.CheckId(repository, field), digest)
            : throw MeshException.InvalidArgument(field, "The name must have the form `tenants/*/repositories/*/scans/sha256:*`.");

    /// <summary>The name of the image's scan.</summary>
    public string Scan => $"tenants/{Tenant}/repositories/{Repository}/scans/{Digest}";

    public override string ToString() => $"{Tenant}/{Repository}@{Digest}";

    [GeneratedRegex(@"\A([a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)/([a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)@(sha256:[0-9a-f]{64})\z", RegexOptions.CultureInvariant)]
    private static partial Regex ImagePattern { get; }

    [GeneratedRegex(@"\Asha256:[0-9a-f]{64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex DigestPattern { get; }
}
