using System.Buffers;
using System.Security.Cryptography;

namespace Mesh.Agent.Images;

/// <summary>Checks content against the digest that names it.</summary>
internal static class Digest
{
    private const string Prefix = "sha256:";
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    public static string Of(ReadOnlySpan<byte> content) => Prefix + Convert.ToHexStringLower(SHA256.HashData(content));

    public static string Of(IncrementalHash hash) => Prefix + Convert.ToHexStringLower(hash.GetHashAndReset());

    /// <summary>The hex part, which names files and folders; refuses what is not a SHA-256 digest.</summary>
    public static string Hex(string digest) =>
        digest.StartsWith(Prefix, StringComparison.Ordinal) && digest.Length == Prefix.Length + 64
            && digest.AsSpan(Prefix.Length).IndexOfAnyExcept(HexDigits) < 0
            ? digest[Prefix.Length..]
            : throw new ImageException($"\"{digest}\" is not a SHA-256 digest.");

    public static byte[] Verify(byte[] content, string digest) => Of(content) == digest
        ? content
        : throw new ImageException($"Content of {digest} has the digest {Of(content)}.");
}
