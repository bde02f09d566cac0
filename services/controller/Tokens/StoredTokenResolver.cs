using Mesh.Common.Auth;

namespace Mesh.Controller.Tokens;

/// <summary>The controller does not ask itself over the network.</summary>
internal sealed class StoredTokenResolver(TokenStore store) : ITokenResolver
{
    public Task<ResolvedToken?> ResolveAsync(string tokenHash, CancellationToken cancellationToken) =>
        store.ResolveAsync(tokenHash, cancellationToken);
}
