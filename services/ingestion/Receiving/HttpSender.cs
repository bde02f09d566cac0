using Mesh.Auth.V1;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Ingestion.Telemetry;

namespace Mesh.Ingestion.Receiving;

/// <summary>
/// For which tenant a collector writes or reads: the one it names in the header `x-mesh-tenant` or, where a collector can
/// set no header, in the query's `tenant`; else the only one in which its token has the role. Mesh's own programs that name
/// none mean the platform.
/// </summary>
public static class HttpSender
{
    /// <summary>The header that names the tenant, for callers who hold roles in several.</summary>
    public const string TenantHeader = "x-mesh-tenant";

    private const string InfluxScheme = "Token ";

    public static Task<string> WritesForAsync(HttpContext http) => TenantAsync(http, "telemetry.write", Role.Developer);

    public static Task<string> ReadsFromAsync(HttpContext http, string permission = "metrics.query") => TenantAsync(http, permission, Role.Viewer);

    /// <summary>The tenant of whoever may write; see <see cref="HttpSender"/>.</summary>
    public static string WritesFor(Principal principal, string? named) => TenantOf(principal, named, "telemetry.write", Role.Developer);

    /// <summary>The tenant of whoever may read; see <see cref="HttpSender"/>.</summary>
    public static string ReadsFrom(Principal principal, string? named) => TenantOf(principal, named, "metrics.query", Role.Viewer);

    /// <summary>Who sends, once the tenant has been asked for.</summary>
    internal static string CallerOf(HttpContext http) => http.Items[typeof(HttpSender)] as string ?? "";

    private static async Task<string> TenantAsync(HttpContext http, string permission, Role role)
    {
        var principal = await AuthenticateAsync(http);
        http.Items[typeof(HttpSender)] = principal.Subject;
        var named = http.Request.Headers[TenantHeader].ToString();
        return TenantOf(principal, named.Length > 0 ? named : http.Request.Query["tenant"].ToString(), permission, role);
    }

    // Bearer, Basic with the token as the password, or InfluxDB's own scheme.
    private static async Task<Principal> AuthenticateAsync(HttpContext http)
    {
        var header = http.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(InfluxScheme, StringComparison.OrdinalIgnoreCase))
            return await http.AuthenticateMeshAsync();
        var authenticator = http.RequestServices.GetRequiredService<TokenAuthenticator>();
        return await authenticator.AuthenticateTokenAsync(header[InfluxScheme.Length..].Trim(), http.RequestAborted);
    }

    private static string TenantOf(Principal principal, string? named, string permission, Role role)
    {
        if (principal.IsAnonymous)
            throw MeshException.Unauthenticated("TOKEN_REQUIRED", "Telemetry needs a token.");
        if (!string.IsNullOrEmpty(named))
        {
            var tenant = TenantName.TryOwnerOf(named, out var owner) ? owner : TenantName.CheckId(named, TenantHeader);
            principal.Demand(permission, role, tenant);
            return tenant;
        }

        if (principal.HoldsEverything)
            return WriteScope.Platform;
        var tenants = principal.Roles.Where(held => held.Value >= role).Select(held => held.Key).ToList();
        return tenants.Count == 1
            ? tenants[0]
            : throw MeshException.InvalidArgument(TenantHeader, "Name the tenant in this header: you have the role in none or in several.");
    }
}
