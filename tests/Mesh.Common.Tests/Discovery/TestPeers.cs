using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Tests.Hosting;
using Mesh.Controller.V1;

namespace Mesh.Common.Tests.Discovery;

/// <summary>Tells which instance answered.</summary>
internal sealed class PeerApps : AppService.AppServiceBase
{
    private readonly TestApps _apps = new();

    public override async Task<GetAppResponse> GetApp(GetAppRequest request, ServerCallContext context)
    {
        var response = await _apps.GetApp(request, context);
        response.App.Labels["peer"] = $":{context.GetHttpContext().Connection.LocalPort}";
        return response;
    }
}

/// <summary>Asks another service, as handlers do.</summary>
internal sealed class ForwardingApps(AppService.AppServiceClient next) : AppService.AppServiceBase
{
    public override async Task<GetAppResponse> GetApp(GetAppRequest request, ServerCallContext context) =>
        await next.GetAppAsync(request, cancellationToken: context.CancellationToken);
}

/// <summary>The controller's side of token resolution.</summary>
internal sealed class TestTokenService : TokenService.TokenServiceBase
{
    public bool Revoked { get; set; }

    public override Task<ResolveTokenResponse> ResolveToken(ResolveTokenRequest request, ServerCallContext context)
    {
        if (Revoked || request.TokenHash != TokenHash.Of("mesh_remote"))
            throw MeshException.Unauthenticated("TOKEN_UNKNOWN", "There is no such token.");
        var caller = new Caller { Subject = "tenants/acme/members/x", Memberships = { new Membership { Tenant = "tenants/acme", Role = Role.Viewer } } };
        return Task.FromResult(new ResolveTokenResponse { Caller = caller });
    }
}
