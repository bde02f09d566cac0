using System.Security.Cryptography;
using System.Text;

namespace Mesh.Common.Auth;

/// <summary>The token of one of Mesh's own programs: derived from the cluster key, so that it is verified without a call.</summary>
public static class ServiceToken
{
    public const string Prefix = "meshsvc_";

    /// <summary>The token of a service, `meshsvc_NAME_HEX`.</summary>
    public static string Create(ReadOnlySpan<byte> clusterKey, string service) => $"{Prefix}{service}_{Mac(clusterKey, service)}";

    /// <summary>Whether a token is a service's; gives the service's name.</summary>
    public static bool TryVerify(ReadOnlySpan<byte> clusterKey, string token, out string service)
    {
        service = "";
        if (!token.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        var end = token.LastIndexOf('_');
        if (end <= Prefix.Length) return false;
        var name = token[Prefix.Length..end];
        var given = Encoding.UTF8.GetBytes(token[(end + 1)..]);
        var right = Encoding.UTF8.GetBytes(Mac(clusterKey, name));
        if (!CryptographicOperations.FixedTimeEquals(given, right)) return false;
        service = name;
        return true;
    }

    private static string Mac(ReadOnlySpan<byte> clusterKey, string service) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(clusterKey, Encoding.UTF8.GetBytes("service:" + service)));
}
