using System.Collections.Concurrent;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mesh.Agent.Images;

namespace Mesh.Agent.Tests.Testing;

/// <summary>Images given by the tests; can be made to fail, to be slow to end and to lie.</summary>
internal sealed class TestImageSource : IImageSource
{
    private readonly ConcurrentDictionary<string, byte[]> blobs = new();

    public bool IsAway { get; set; }

    /// <summary>How many bytes a stream carries before it breaks; 0 for never.</summary>
    public int BreakAfter { get; set; }

    public int Downloads { get; private set; }

    public ImageReference Add(IReadOnlyList<byte[]> layers, object? config = null, bool gzip = true)
    {
        var stored = layers.Select(layer => gzip ? Compress(layer) : layer).ToList();
        var configuration = Store(JsonSerializer.SerializeToUtf8Bytes(new
        {
            config = config ?? new { },
            rootfs = new { type = "layers", diff_ids = layers.Select(Of) },
        }));
        var manifest = Store(JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            config = new { mediaType = "application/vnd.oci.image.config.v1+json", digest = configuration, size = blobs[configuration].Length },
            layers = stored.Select(layer => new { mediaType = "application/vnd.oci.image.layer.v1.tar" + (gzip ? "+gzip" : ""), digest = Store(layer), size = layer.Length }),
        }));
        return new("acme", "shop", manifest);
    }

    public string Store(byte[] content)
    {
        var digest = Of(content);
        blobs[digest] = content;
        return digest;
    }

    /// <summary>Changes one byte of every blob of at least this size.</summary>
    public void Corrupt(int size)
    {
        foreach (var (digest, content) in blobs.Where(blob => blob.Value.Length >= size).ToList())
            blobs[digest] = [.. content[..^9], (byte)(content[^9] ^ 1), .. content[^8..]];
    }

    public Task<byte[]> GetManifestAsync(ImageReference image, CancellationToken cancellation) => Task.FromResult(Get(image.Digest));

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> DownloadAsync(
        ImageReference image, string digest, long offset, [EnumeratorCancellation] CancellationToken cancellation)
    {
        Downloads++;
        var content = Get(digest);
        for (var at = (int)offset; at < content.Length; at += 1000)
        {
            if (BreakAfter > 0 && at - offset >= BreakAfter) throw new IOException("The stream broke.");
            await Task.Yield();
            yield return content.AsMemory(at, Math.Min(1000, content.Length - at));
        }
    }

    public static string Of(byte[] content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));

    public static byte[] Compress(byte[] content)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest)) gzip.Write(content);
        return compressed.ToArray();
    }

    private byte[] Get(string digest) => IsAway
        ? throw new IOException("The registry did not answer.")
        : blobs.TryGetValue(digest, out var content) ? content : throw new ImageException($"The registry does not have {digest}.");
}
