using System.Collections.Concurrent;
using System.IO.Compression;
using System.Security.Cryptography;
using Mesh.Agent.Runtime;

namespace Mesh.Agent.Images;

/// <summary>The unpacked layers. A layer's folder is there wholly or not at all, and each layer is fetched and unpacked once.</summary>
public sealed class LayerStore(IImageSource source, string downloads, string layers, bool overlayWhiteouts, LayerLimits limits) : IAsyncDisposable
{
    private const int MostAttempts = 5;

    private readonly ConcurrentDictionary<string, Task<string>> pulls = new();
    private readonly SemaphoreSlim parallel = new(4);
    private readonly CancellationTokenSource ending = new();

    /// <summary>Gives up what is being pulled, and waits until nothing is written any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        foreach (var pull in pulls.Values) await ((Task)pull).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ending.Dispose();
        parallel.Dispose();
    }

    /// <summary>Removes what a crash left half done.</summary>
    public void Clean()
    {
        Directory.CreateDirectory(downloads);
        foreach (var folder in Directory.EnumerateDirectories(layers, ".unpack-*")) Directory.Delete(folder, recursive: true);
        foreach (var file in Directory.EnumerateFiles(downloads)) File.Delete(file);
    }

    /// <summary>Answers the folder name of a layer once it is there. All who wait for one layer share one pull.</summary>
    internal async Task<string> GetAsync(ImageReference image, ManifestEntry layer, string? diffId, CancellationToken cancellation)
    {
        var name = Digest.Hex(layer.Digest);
        if (Directory.Exists(Path.Combine(layers, name))) return name;
        // The pull belongs to nobody's token: one who gives up does not take it from the others.
        var pull = pulls.GetOrAdd(name, _ => Task.Run(() => PullAsync(image, layer, name, diffId), CancellationToken.None));
        try
        {
            return await pull.WaitAsync(cancellation);
        }
        finally
        {
            if (pull.IsCompleted) pulls.TryRemove(KeyValuePair.Create(name, pull));
        }
    }

    private async Task<string> PullAsync(ImageReference image, ManifestEntry layer, string name, string? diffId)
    {
        await parallel.WaitAsync(ending.Token);
        var file = Path.Combine(downloads, name);
        try
        {
            // Another pull may have ended between the question for the folder and this one.
            if (Directory.Exists(Path.Combine(layers, name))) return name;
            await DownloadAsync(image, layer, file);
            Unpack(file, layer, name, diffId);
            return name;
        }
        finally
        {
            File.Delete(file);
            parallel.Release();
        }
    }

    // A broken stream goes on where it stopped.
    private async Task DownloadAsync(ImageReference image, ManifestEntry layer, string path)
    {
        await using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await foreach (var data in source.DownloadAsync(image, layer.Digest, file.Position, ending.Token))
                {
                    if (file.Position + data.Length > layer.Size) throw new ImageException($"Layer {layer.Digest} is larger than the {layer.Size} bytes that the manifest states.");
                    hash.AppendData(data.Span);
                    await file.WriteAsync(data);
                }

                break;
            }
            catch (IOException) when (attempt < MostAttempts)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200 * attempt), TimeProvider.System, ending.Token);
            }
        }

        var digest = Digest.Of(hash);
        if (digest != layer.Digest) throw new ImageException($"Layer {layer.Digest} has the digest {digest}.");
    }

    private void Unpack(string file, ManifestEntry layer, string name, string? diffId)
    {
        var temporary = Directory.CreateDirectory(Path.Combine(layers, $".unpack-{Guid.CreateVersion7():n}")).FullName;
        try
        {
            using (var compressed = File.OpenRead(file))
            using (var plain = Decompress(compressed, layer.MediaType))
            using (var counted = new VerifyingStream(plain, limits.Bytes * 2))
            {
                new LayerUnpacker(temporary, overlayWhiteouts, limits).Unpack(counted, ending.Token);
                counted.Verify(diffId, layer.Digest);
            }

            using (var handle = File.OpenHandle(file)) Linux.SyncFileSystem(handle);
            Directory.Move(temporary, Path.Combine(layers, name));
        }
        catch (InvalidDataException e)
        {
            throw new ImageException($"Layer {layer.Digest} is damaged: {e.Message}", e);
        }
        finally
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        }
    }

    private static Stream Decompress(Stream content, string mediaType)
    {
        if (mediaType.EndsWith("+zstd", StringComparison.Ordinal)) throw new ImageException("The image has a layer compressed with zstd, which is not supported; use gzip.");
        Span<byte> magic = stackalloc byte[2];
        var read = content.ReadAtLeast(magic, 2, throwOnEndOfStream: false);
        content.Position = 0;
        return read == 2 && magic[0] == 0x1f && magic[1] == 0x8b ? new GZipStream(content, CompressionMode.Decompress) : content;
    }
}
