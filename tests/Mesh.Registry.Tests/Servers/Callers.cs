using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Controller.V1;

namespace Mesh.Registry.Tests.Servers;

/// <summary>The controller's side of the contract by which the registry learns who a person is.</summary>
internal sealed class Callers : TokenService.TokenServiceBase
{
    public const string Viewer = "mesh_viewer-of-acme";
    public const string Developer = "mesh_developer-of-acme";
    public const string Admin = "mesh_admin-of-acme";
    public const string Stranger = "mesh_developer-of-other";
    public const string Both = "mesh_developer-of-acme-and-viewer-of-other";
    public const string Operator = "mesh_operator";

    private static readonly Dictionary<string, Caller> ByHash = new()
    {
        [TokenHash.Of(Viewer)] = Member(("acme", Role.Viewer)),
        [TokenHash.Of(Developer)] = Member(("acme", Role.Developer)),
        [TokenHash.Of(Admin)] = Member(("acme", Role.Admin)),
        [TokenHash.Of(Stranger)] = Member(("other", Role.Developer)),
        [TokenHash.Of(Both)] = Member(("acme", Role.Developer), ("other", Role.Viewer)),
        [TokenHash.Of(Operator)] = new Caller { Subject = "operator", Operator = true },
    };

    public override Task<ResolveTokenResponse> ResolveToken(ResolveTokenRequest request, ServerCallContext context) =>
        ByHash.TryGetValue(request.TokenHash, out var caller)
            ? Task.FromResult(new ResolveTokenResponse { Caller = caller })
            : throw MeshException.Unauthenticated("TOKEN_UNKNOWN", "There is no such token.").ToRpcException();

    private static Caller Member(params (string Tenant, Role Role)[] roles)
    {
        var caller = new Caller { Subject = $"tenants/{roles[0].Tenant}/members/somebody" };
        caller.Memberships.Add(roles.Select(role => new Membership { Tenant = $"tenants/{role.Tenant}", Role = role.Role }));
        return caller;
    }
}
