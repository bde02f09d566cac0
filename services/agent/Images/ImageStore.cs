using System.Runtime.InteropServices;

namespace Mesh.Agent.Images;

/// <summary>The images of this host. An image that is here is used without asking anybody.</summary>
public sealed class ImageStore(IImageSource source, LayerStore layers, string folder)
{
    private const int LargestDocument = 4 << 20;

    public async Task<LocalImage> PullAsync(ImageReference image, CancellationToken cancellation)
    {
        var manifest = ImageManifest.Parse(await ManifestAsync(image, cancellation));
        if (manifest.Manifests is { } choices)
        {
            image = image with { Digest = Choose(choices).Digest };
            manifest = ImageManifest.Parse(await ManifestAsync(image, cancellation));
        }

        if (manifest.Config is null || manifest.Layers is null) throw new ImageException($"{image} is not a container image.");
        var config = ImageConfig.Parse(await DocumentAsync(manifest.Config.Digest, () => BlobAsync(image, manifest.Config, cancellation), cancellation));
        var diffIds = config.Rootfs?.DiffIds ?? [];
        if (diffIds.Count != 0 && diffIds.Count != manifest.Layers.Count) throw new ImageException($"{image} has {manifest.Layers.Count} layers, but its configuration says {diffIds.Count}.");
        var names = await Task.WhenAll(manifest.Layers.Select((layer, i) => layers.GetAsync(image, layer, diffIds.Count == 0 ? null : diffIds[i], cancellation)));
        return new(image.Digest, config.Config ?? new(null, null, null, null, null), names);
    }

    private Task<byte[]> ManifestAsync(ImageReference image, CancellationToken cancellation) =>
        DocumentAsync(image.Digest, () => source.GetManifestAsync(image, cancellation), cancellation);

    private async Task<byte[]> DocumentAsync(string digest, Func<Task<byte[]>> fetch, CancellationToken cancellation)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "documents")).FullName, Digest.Hex(digest));
        if (File.Exists(path))
        {
            var known = await File.ReadAllBytesAsync(path, cancellation);
            if (Digest.Of(known) == digest) return known;
        }

        var content = Digest.Verify(await fetch(), digest);
        var temporary = $"{path}.{Guid.CreateVersion7():n}";
        await File.WriteAllBytesAsync(temporary, content, cancellation);
        File.Move(temporary, path, overwrite: true);
        return content;
    }

    private async Task<byte[]> BlobAsync(ImageReference image, ManifestEntry blob, CancellationToken cancellation)
    {
        if (blob.Size > LargestDocument) throw new ImageException($"The configuration of {image} is larger than {LargestDocument} bytes.");
        using var content = new MemoryStream();
        await foreach (var data in source.DownloadAsync(image, blob.Digest, 0, cancellation))
        {
            content.Write(data.Span);
            if (content.Length > LargestDocument) throw new ImageException($"The configuration of {image} is larger than {LargestDocument} bytes.");
        }

        return content.ToArray();
    }

    private static ManifestEntry Choose(IReadOnlyList<ManifestEntry> choices)
    {
        var architecture = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
        return choices.FirstOrDefault(choice => choice.Platform?.Os is null or "linux" && choice.Platform?.Architecture == architecture)
            ?? throw new ImageException($"The image has no variant for linux/{architecture}.");
    }
}
