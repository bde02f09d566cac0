using System.Security.Cryptography;
using System.Text;

namespace Mesh.Common.Secrets;

/// <summary>
/// Seals small secrets at rest with AES-256-GCM. The key comes from the cluster key by HKDF, one per purpose; every sealed value
/// names its key, so that a cluster key can be replaced while older values stay readable. Any number of threads may use a box at once.
/// </summary>
public sealed class SecretBox : IDisposable
{
    private const byte Version = 1;
    private const int KeyIdBytes = 4, NonceBytes = 12, TagBytes = 16;
    private const int HeaderBytes = 1 + KeyIdBytes + NonceBytes;

    // Keys, not ciphers: an AesGcm must not be used by two threads at once, and making one costs about a microsecond.
    private readonly List<(byte[] Id, byte[] Key)> _keys = [];

    /// <param name="purpose">What is sealed, for instance `controller.config`: another purpose has another key.</param>
    /// <param name="clusterKeys">The present cluster key first, then those that it replaced.</param>
    public SecretBox(string purpose, params ReadOnlySpan<byte[]> clusterKeys)
    {
        ArgumentOutOfRangeException.ThrowIfZero(clusterKeys.Length);
        foreach (var clusterKey in clusterKeys)
        {
            var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, clusterKey, 32, info: Encoding.UTF8.GetBytes("mesh/secret-box/v1/" + purpose));
            _keys.Add((SHA256.HashData(key)[..KeyIdBytes], key));
        }
    }

    /// <summary>The id of the key that new values are sealed with, in hex.</summary>
    public string KeyId => Convert.ToHexStringLower(_keys[0].Id);

    /// <summary>Seals a value.</summary>
    /// <param name="plain">The secret.</param>
    /// <param name="associated">Where the value belongs, for instance its row's name: it opens nowhere else.</param>
    public byte[] Seal(ReadOnlySpan<byte> plain, string associated)
    {
        var box = new byte[HeaderBytes + plain.Length + TagBytes];
        var (id, key) = _keys[0];
        using var cipher = new AesGcm(key, TagBytes);
        box[0] = Version;
        id.CopyTo(box, 1);
        var nonce = box.AsSpan(1 + KeyIdBytes, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        cipher.Encrypt(nonce, plain, box.AsSpan(HeaderBytes, plain.Length), box.AsSpan(HeaderBytes + plain.Length), Associated(associated, box));
        return box;
    }

    /// <summary>Opens a sealed value; throws <see cref="CryptographicException"/> when it was altered, moved or sealed by another key.</summary>
    public byte[] Open(ReadOnlySpan<byte> box, string associated)
    {
        if (box.Length < HeaderBytes + TagBytes || box[0] != Version) throw new CryptographicException("The sealed value has an unknown form.");
        var id = box.Slice(1, KeyIdBytes);
        foreach (var (keyId, key) in _keys)
        {
            if (!id.SequenceEqual(keyId)) continue;
            using var cipher = new AesGcm(key, TagBytes);
            var plain = new byte[box.Length - HeaderBytes - TagBytes];
            cipher.Decrypt(box.Slice(1 + KeyIdBytes, NonceBytes), box[HeaderBytes..^TagBytes], box[^TagBytes..], plain, Associated(associated, box));
            return plain;
        }
        throw new CryptographicException("The value was sealed with a key that this program does not have.");
    }

    public byte[] Seal(string plain, string associated) => Seal(Encoding.UTF8.GetBytes(plain), associated);

    public string OpenText(ReadOnlySpan<byte> box, string associated) => Encoding.UTF8.GetString(Open(box, associated));

    public void Dispose()
    {
        foreach (var (_, key) in _keys) CryptographicOperations.ZeroMemory(key);
    }

    private static byte[] Associated(string associated, ReadOnlySpan<byte> box) =>
        [.. box[..(1 + KeyIdBytes)], .. Encoding.UTF8.GetBytes(associated)];
}
