using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Mesh.Registry.Blobs;

/// <summary>The address of content: an algorithm (<c>sha256</c> or <c>sha512</c>) and the hash in lower-case hex.</summary>
public sealed record Digest
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    private Digest(string algorithm, string hex) => (Algorithm, Hex) = (algorithm, hex);

    public string Algorithm { get; }

    public string Hex { get; }

    public HashAlgorithmName HashName => Algorithm == "sha256" ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA512;

    /// <summary>Reads <c>algorithm:hex</c>; false for an unknown algorithm, a wrong length or upper-case digits.</summary>
    public static bool TryParse(string? value, [NotNullWhen(true)] out Digest? digest)
    {
        digest = null;
        if (value is null) return false;
        var hex = value.Length == 71 && value.StartsWith("sha256:", StringComparison.Ordinal) ? value[7..]
            : value.Length == 135 && value.StartsWith("sha512:", StringComparison.Ordinal) ? value[7..]
            : null;
        if (hex is null || hex.AsSpan().ContainsAnyExcept(Digits)) return false;
        digest = new Digest(value[..6], hex);
        return true;
    }

    /// <summary>The digest of content that is held in memory.</summary>
    public static Digest Of(ReadOnlySpan<byte> content) => new("sha256", Convert.ToHexStringLower(SHA256.HashData(content)));

    /// <summary>The digest of content under the algorithm of this digest.</summary>
    public Digest SameAlgorithmOf(ReadOnlySpan<byte> content) =>
        Algorithm == "sha256" ? Of(content) : new Digest(Algorithm, Convert.ToHexStringLower(SHA512.HashData(content)));

    /// <summary>Makes a digest of a finished hash.</summary>
    public static Digest FromHash(HashAlgorithmName name, ReadOnlySpan<byte> hash) =>
        new(name == HashAlgorithmName.SHA256 ? "sha256" : "sha512", Convert.ToHexStringLower(hash));

    public override string ToString() => $"{Algorithm}:{Hex}";
}
