using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mesh.Controller.Audit;

/// <summary>One change, or one refused call.</summary>
public sealed record AuditEntry
{
    public string Tenant { get; init; } = "";
    public long Sequence { get; init; }
    public DateTimeOffset Time { get; init; }
    public string Subject { get; init; } = "";
    public string Peer { get; init; } = "";
    public string Method { get; init; } = "";
    public string Resource { get; init; } = "";
    public string Code { get; init; } = "OK";
    public string RequestId { get; init; } = "";
    public string BeforeDigest { get; init; } = "";
    public string AfterDigest { get; init; } = "";
    public string Hash { get; init; } = "";

    /// <summary>The hash that the chain demands of this entry after one with the given hash.</summary>
    public string HashAfter(string previous)
    {
        // Lengths go first, so that no two different entries give the same text.
        var parts = new[]
        {
            previous, Tenant, Sequence.ToString(CultureInfo.InvariantCulture), Time.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
            Subject, Peer, Method, Resource, Code, RequestId, BeforeDigest, AfterDigest,
        };
        var text = string.Concat(parts.Select(p => $"{p.Length}:{p}"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }
}
