using Mesh.Auth.V1;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Registry.Repositories;

namespace Mesh.Registry.Distribution;

/// <summary>
/// What the endpoints under <c>/v2/</c> demand, with the permissions of the RPCs that do the same. Everybody signed in pulls
/// the platform's stacks; only the platform pushes them.
/// </summary>
internal static class OciAccess
{
    /// <summary>Finds the caller by his Basic or Bearer header; without one he is asked for it.</summary>
    public static async ValueTask AuthenticateAsync(this HttpContext context)
    {
        var caller = await context.AuthenticateMeshAsync();
        if (caller.IsAnonymous) throw MeshException.Unauthenticated("TOKEN_REQUIRED", "Sign in with a token as the password.");
    }

    public static void DemandPull(this HttpContext context, RepositoryPath path) =>
        context.Principal().Demand("blobs.download", Role.Viewer, path.Tenant);

    public static void DemandPush(this HttpContext context, RepositoryPath path) => Demand(context, path, "blobs.upload", Role.Developer);

    public static void DemandDelete(this HttpContext context, RepositoryPath path) => Demand(context, path, "images.delete", Role.Admin);

    /// <summary>Whether the caller may pull, for where a refusal is no error.</summary>
    public static bool MayPull(this HttpContext context, RepositoryPath path) => path.IsPlatform || context.Principal().MaySee(path.Tenant);

    /// <summary>The tenants whose repositories the caller may pull; null for all.</summary>
    public static IReadOnlyCollection<string>? Tenants(this HttpContext context)
    {
        var caller = context.Principal();
        return caller.HoldsEverything ? null : [.. caller.Roles.Keys, TenantName.Platform];
    }

    private static void Demand(HttpContext context, RepositoryPath path, string permission, Role role) =>
        context.Principal().Demand(permission, path.IsPlatform ? Role.Operator : role, path.Tenant);
}
