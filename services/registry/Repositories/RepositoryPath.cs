using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Registry.Repositories;

/// <summary>The address of a repository: its tenant and its name within it, in OCI's words <c>acme/shop</c> or <c>acme/shop/web</c>.</summary>
public sealed partial record RepositoryPath
{
    private const int MostCharacters = 255;

    private RepositoryPath(string tenant, string name) => (Tenant, Name) = (tenant, name);

    public string Tenant { get; }

    public string Name { get; }

    /// <summary>Whether it holds the platform's own images.</summary>
    public bool IsPlatform => Tenant == TenantName.Platform;

    /// <summary>Reads <c>tenant/name…</c>; false when it is not a repository name of OCI with at least two parts.</summary>
    public static bool TryParse(string? value, [NotNullWhen(true)] out RepositoryPath? path)
    {
        path = null;
        if (value is null || value.Length > MostCharacters || !Form().IsMatch(value)) return false;
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        path = new RepositoryPath(value[..slash], value[(slash + 1)..]);
        return true;
    }

    /// <summary>Of parts that come from the database and were checked when they went there.</summary>
    public static RepositoryPath Of(string tenant, string name) => new(tenant, name);

    /// <summary>Reads <c>tenants/{tenant}/repositories/{name…}</c>.</summary>
    public static RepositoryPath ParseResource(string value, string field)
    {
        const string tenants = "tenants/", repositories = "/repositories/";
        var middle = value.IndexOf(repositories, StringComparison.Ordinal);
        if (value.StartsWith(tenants, StringComparison.Ordinal) && middle > tenants.Length
            && TryParse($"{value[tenants.Length..middle]}/{value[(middle + repositories.Length)..]}", out var path))
            return path;
        throw MeshException.InvalidArgument(field, "It must be tenants/{tenant}/repositories/{repository}.");
    }

    /// <summary>The resource name, <c>tenants/{tenant}/repositories/{name}</c>.</summary>
    public string ResourceName => $"tenants/{Tenant}/repositories/{Name}";

    public override string ToString() => $"{Tenant}/{Name}";

    [GeneratedRegex(@"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
