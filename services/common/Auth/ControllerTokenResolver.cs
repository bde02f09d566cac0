using System.Collections.Frozen;
using Grpc.Core;
using Mesh.Common.Discovery;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Controller.V1;

namespace Mesh.Common.Auth;

/// <summary>Asks the controller whose a token is. When the controller is away the call is UNAVAILABLE: nobody is let in on an old answer.</summary>
internal sealed class ControllerTokenResolver(MeshChannels channels) : ITokenResolver
{
    private readonly Lazy<TokenService.TokenServiceClient> _client = new(() => new(channels.Invoker("controller")));

    public async Task<ResolvedToken?> ResolveAsync(string tokenHash, CancellationToken cancellationToken)
    {
        try
        {
            var request = new ResolveTokenRequest { TokenHash = tokenHash };
            var response = await _client.Value.ResolveTokenAsync(request, cancellationToken: cancellationToken);
            return new(Principal(response.Caller), response.ExpireTime?.ToDateTimeOffset());
        }
        catch (RpcException e) when (e.Reason() is "TOKEN_UNKNOWN" or "TOKEN_EXPIRED" or "TOKEN_REVOKED")
        {
            return null;
        }
    }

    private static Principal Principal(Caller caller) => new()
    {
        Subject = caller.Subject,
        IsOperator = caller.Operator,
        Roles = caller.Memberships.ToFrozenDictionary(m => TenantName.Parse(m.Tenant, "tenant").Tenant, m => m.Role),
    };
}
