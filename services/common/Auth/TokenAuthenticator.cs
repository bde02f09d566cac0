using System.Collections.Concurrent;
using System.Text;
using Mesh.Common.Errors;
using Mesh.Common.Hosting;

namespace Mesh.Common.Auth;

/// <summary>Who holds a token, for every way of showing one.</summary>
public sealed class TokenAuthenticator(TokenCache cache, MeshOptions options)
{
    /// <summary>What every person's token begins with.</summary>
    public const string PersonPrefix = "mesh_";

    // Only verified tokens are kept, and there are as many of them as services.
    private readonly ConcurrentDictionary<string, Principal> _services = new(StringComparer.Ordinal);

    /// <summary>
    /// The caller behind an `authorization` header: `Bearer TOKEN`, or `Basic` with the token as the password. Without a header
    /// the caller is anonymous; a bad one is UNAUTHENTICATED.
    /// </summary>
    public ValueTask<Principal> AuthenticateAsync(string? authorization, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(authorization)) return new(Principal.Anonymous);
        if (authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return AuthenticateTokenAsync(authorization[7..].Trim(), cancellationToken);
        if (authorization.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) && Password(authorization.AsSpan(6).Trim()) is { } password)
            return AuthenticateTokenAsync(password, cancellationToken);
        throw MeshException.Unauthenticated("CREDENTIALS_MALFORMED", "Send the token as `authorization: Bearer TOKEN`.");
    }

    /// <summary>The holder of a token; UNAUTHENTICATED when there is none.</summary>
    public ValueTask<Principal> AuthenticateTokenAsync(string token, CancellationToken cancellationToken)
    {
        if (_services.TryGetValue(token, out var known)) return new(known);
        if (ServiceToken.TryVerify(options.ClusterKey, token, out var service))
            return new(_services.GetOrAdd(token, new Principal { Subject = "services/" + service, Service = service }));
        if (!token.StartsWith(PersonPrefix, StringComparison.Ordinal) || token.Length > 256) throw Invalid();
        return ResolveAsync(TokenHash.Of(token), cancellationToken);
    }

    private async ValueTask<Principal> ResolveAsync(string hash, CancellationToken cancellationToken) =>
        await cache.GetAsync(hash, cancellationToken) ?? throw Invalid();

    private static string? Password(ReadOnlySpan<char> base64)
    {
        Span<byte> bytes = stackalloc byte[1024];
        if (!Convert.TryFromBase64Chars(base64, bytes, out var written)) return null;
        var pair = Encoding.UTF8.GetString(bytes[..written]);
        var colon = pair.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : pair[(colon + 1)..];
    }

    private static MeshException Invalid() =>
        MeshException.Unauthenticated("TOKEN_INVALID", "The token is unknown, expired or revoked. Sign in again.");
}
