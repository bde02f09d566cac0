using Mesh.Common.Errors;
using Microsoft.AspNetCore.Http;

namespace Mesh.Common.Hosting;

/// <summary>
/// Marks requests that a program of Mesh makes because a tenant told it where to: a target, a webhook. The programs trust
/// their own network in part (metrics are open), and tenants are to get nothing of that: each of them refuses such requests,
/// by whatever name, address or proxy they come.
/// </summary>
public static class TenantErrand
{
    /// <summary>The header that names the tenant.</summary>
    public const string Header = "x-mesh-errand-of";

    /// <summary>Marks a request as one for the tenant.</summary>
    public static void Mark(HttpRequestMessage request, string tenant) => request.Headers.TryAddWithoutValidation(Header, tenant);

    internal static Task RefuseAsync(HttpContext context, RequestDelegate next) => context.Request.Headers.ContainsKey(Header)
        ? throw MeshException.PermissionDenied("TENANT_ERRAND", "Mesh's own programs are no address for a tenant's targets and webhooks.")
        : next(context);
}
