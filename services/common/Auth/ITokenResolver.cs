using System.Security.Cryptography;
using System.Text;

namespace Mesh.Common.Auth;

/// <summary>Knows whose a person's token is. The controller reads its own table; all others ask the controller.</summary>
public interface ITokenResolver
{
    /// <summary>The token's owner; null when there is no such token, or no longer.</summary>
    /// <param name="tokenHash">The SHA-256 of the token in lower-case hex; see <see cref="TokenHash"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<ResolvedToken?> ResolveAsync(string tokenHash, CancellationToken cancellationToken);
}

/// <summary>Whose a token is, and until when; without a time it does not expire.</summary>
public sealed record ResolvedToken(Principal Principal, DateTimeOffset? ExpireTime = null);

/// <summary>Only the hash of a token is ever stored or sent between programs.</summary>
public static class TokenHash
{
    public static string Of(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
