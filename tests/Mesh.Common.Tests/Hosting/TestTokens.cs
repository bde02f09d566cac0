using Mesh.Auth.V1;
using Mesh.Common.Auth;

namespace Mesh.Common.Tests.Hosting;

/// <summary>The tokens that tests use: `mesh_viewer` is a viewer of `acme`, and so on.</summary>
internal sealed class TestTokens : ITokenResolver
{
    private static readonly Dictionary<string, ResolvedToken> s_tokens = new()
    {
        [TokenHash.Of("mesh_viewer")] = Of("viewer", Role.Viewer),
        [TokenHash.Of("mesh_developer")] = Of("developer", Role.Developer),
        [TokenHash.Of("mesh_owner")] = Of("owner", Role.Owner),
        [TokenHash.Of("mesh_operator")] = new(new Principal { Subject = "operator", IsOperator = true }),
        [TokenHash.Of("mesh_expired")] = Of("expired", Role.Owner) with { ExpireTime = DateTimeOffset.UnixEpoch },
    };

    public Task<ResolvedToken?> ResolveAsync(string tokenHash, CancellationToken cancellationToken) =>
        Task.FromResult(s_tokens.GetValueOrDefault(tokenHash));

    private static ResolvedToken Of(string name, Role role) =>
        new(new Principal { Subject = $"tenants/acme/members/{name}", Roles = new Dictionary<string, Role> { ["acme"] = role } });
}
