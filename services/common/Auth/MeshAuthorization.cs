using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Mesh.Common.Auth;

/// <summary>The rules of who may do what, and how handlers ask who is calling.</summary>
public static class MeshAuthorization
{
    private static readonly object s_principal = new();
    private static readonly object s_access = new();

    /// <summary>Who makes this call. Anonymous until the call has been authenticated.</summary>
    public static Principal Principal(this ServerCallContext context) =>
        context.UserState.TryGetValue(s_principal, out var value) ? (Principal)value : Auth.Principal.Anonymous;

    /// <summary>Who makes this request, after <see cref="AuthenticateMeshAsync"/>.</summary>
    public static Principal Principal(this HttpContext context) =>
        context.Items.TryGetValue(s_principal, out var value) ? (Principal)value! : Auth.Principal.Anonymous;

    /// <summary>Authenticates an HTTP request by its Bearer or Basic header; anonymous without one, UNAUTHENTICATED with a bad one.</summary>
    public static async ValueTask<Principal> AuthenticateMeshAsync(this HttpContext context)
    {
        var authenticator = context.RequestServices.GetRequiredService<TokenAuthenticator>();
        var principal = await authenticator.AuthenticateAsync(context.Request.Headers.Authorization, context.RequestAborted);
        context.Items[s_principal] = principal;
        return principal;
    }

    /// <summary>
    /// Checks the call's demand in a tenant: for client streams, on the first message that names one. Takes a tenant's name or
    /// the name of anything in it.
    /// </summary>
    public static void Authorize(this ServerCallContext context, string name)
    {
        var access = context.UserState.TryGetValue(s_access, out var value) ? (Access)value : throw NotStated();
        if (!TenantName.TryOwnerOf(name, out var tenant))
            throw MeshException.InvalidArgument("name", "The name must begin with `tenants/<tenant>`.");
        context.Demand(context.Principal(), access, tenant);
    }

    /// <summary>The same for a stream whose first message decides what it demands: the handler states the demand itself.</summary>
    public static void Demand(this ServerCallContext context, string permission, Role role, string tenant) =>
        context.Demand(context.Principal(), new Access { Permission = permission, Role = role }, tenant);

    internal static void Demand(this ServerCallContext context, Principal principal, Access access, string? tenant)
    {
        principal.Demand(access, tenant);
        Admission.Note(context, access, tenant);
    }

    /// <summary>
    /// Throws unless the caller holds the role in the tenant. A tenant in which he has no role does not exist for him.
    /// </summary>
    public static void Demand(this Principal principal, Access access, string? tenant)
    {
        if (access.Role is Role.Unspecified) throw NotStated();
        if (access.Role is Role.Anyone) return;
        if (principal.IsAnonymous) throw MeshException.Unauthenticated("TOKEN_REQUIRED", "This call needs a token.");
        if (principal.HoldsEverything)
        {
            if (access.Role is Role.Service && !principal.IsService) throw Denied(access);
            return;
        }
        if (access.Role is Role.SignedIn) return;
        if (access.Role is Role.Operator or Role.Service) throw Denied(access);
        if (access.Role is Role.Viewer && tenant == TenantName.Platform) return;
        var held = tenant is null ? Role.Unspecified : principal.RoleIn(tenant);
        if (held is Role.Unspecified) throw MeshException.NotFound("TENANT_NOT_FOUND", $"There is no tenant `{tenant}` for you.");
        if (held < access.Role) throw Denied(access);
    }

    /// <summary>The same for what has no RPC: an HTTP endpoint states its demand itself.</summary>
    public static void Demand(this Principal principal, string permission, Role role, string? tenant) =>
        principal.Demand(new Access { Permission = permission, Role = role }, tenant);

    internal static void Admit(ServerCallContext context, Principal principal, Access access)
    {
        context.UserState[s_principal] = principal;
        context.UserState[s_access] = access;
    }

    internal static MeshException NotStated() =>
        MeshException.PermissionDenied("ACCESS_NOT_STATED", "This call states no access rule and is refused for everybody.");

    private static MeshException Denied(Access access) =>
        MeshException.PermissionDenied("PERMISSION_DENIED", $"This call needs the permission `{access.Permission}`.");
}
