using System.Buffers.Text;
using System.Security.Cryptography;
using Mesh.Common.Auth;

namespace Mesh.Controller.Tokens;

/// <summary>An opaque bearer token, without its secret.</summary>
public sealed record Token
{
    public Guid Uid { get; init; }
    public string? Tenant { get; init; }
    public string? Member { get; init; }
    public string Hash { get; init; } = "";
    public string Prefix { get; init; } = "";
    public string DisplayName { get; init; } = "";
    public DateTimeOffset? ExpireTime { get; init; }
    public DateTimeOffset? LastUseTime { get; init; }
    public DateTimeOffset CreateTime { get; init; }

    /// <summary>256 random bits behind the prefix that tells people and scanners what it is.</summary>
    public static string NewSecret() => TokenAuthenticator.PersonPrefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>How much of a secret is kept to recognise it by.</summary>
    public static string PrefixOf(string secret) => secret[..Math.Min(secret.Length, TokenAuthenticator.PersonPrefix.Length + 4)];
}
