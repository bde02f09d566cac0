using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Mesh.Common.Errors;

namespace Mesh.Common.Paging;

/// <summary>
/// Where the next page begins, as an opaque string. A token carries a digest of what the list was asked for: with another parent
/// or filter it is refused rather than quietly answered wrong.
/// </summary>
public static class PageToken
{
    private const byte Version = 1;
    private const int DigestBytes = 8;

    /// <summary>The token of the page that begins after a position.</summary>
    /// <param name="position">The sort key of the last row of this page; the caller's own format.</param>
    /// <param name="question">What the list was asked for: parent, filter, order.</param>
    public static string Encode(string position, params ReadOnlySpan<string> question)
    {
        var bytes = new byte[1 + DigestBytes + Encoding.UTF8.GetByteCount(position)];
        bytes[0] = Version;
        Digest(position, question, bytes.AsSpan(1, DigestBytes));
        Encoding.UTF8.GetBytes(position, bytes.AsSpan(1 + DigestBytes));
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>The position in a token; null for an empty token, which asks for the first page.</summary>
    public static string? Decode(string token, params ReadOnlySpan<string> question)
    {
        if (token.Length == 0) return null;
        return TryDecode(token, out var position, question)
            ? position
            : throw MeshException.InvalidArgument("page_token", "The page token belongs to another request. Begin again without one.");
    }

    /// <summary>The position in a token; false for one that this question was not given.</summary>
    public static bool TryDecode(string token, out string position, params ReadOnlySpan<string> question)
    {
        position = "";
        if (token.Length > 4096 || !Base64Url.IsValid(token)) return false;
        var bytes = Base64Url.DecodeFromChars(token);
        if (bytes.Length < 1 + DigestBytes || bytes[0] != Version) return false;
        position = Encoding.UTF8.GetString(bytes.AsSpan(1 + DigestBytes));
        Span<byte> digest = stackalloc byte[DigestBytes];
        Digest(position, question, digest);
        return digest.SequenceEqual(bytes.AsSpan(1, DigestBytes));
    }

    /// <summary>A page size within limits: 0 means the default, more than the maximum means the maximum.</summary>
    public static int Size(int asked, int byDefault = 50, int maximum = 1000) => asked switch
    {
        < 0 => throw MeshException.InvalidArgument("page_size", "The page size must not be negative."),
        0 => byDefault,
        _ => Math.Min(asked, maximum),
    };

    private static void Digest(string position, ReadOnlySpan<string> question, Span<byte> digest)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, position);
        foreach (var part in question) Append(hash, part);
        Span<byte> whole = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(whole);
        whole[..digest.Length].CopyTo(digest);
    }

    private static void Append(IncrementalHash hash, string part)
    {
        hash.AppendData(BitConverter.GetBytes(part.Length));
        hash.AppendData(Encoding.UTF8.GetBytes(part));
    }
}
