using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mesh.Builder.Images;

/// <summary>An image in a folder, as the OCI image layout has it: what <c>eng/stacks</c> and foreign tools write.</summary>
public sealed class OciLayout(string folder)
{
    public bool Exists => File.Exists(Path.Combine(folder, "index.json"));

    public string BlobPath(string digest) => Path.Combine(folder, "blobs", "sha256", Digest.Hex(digest));

    /// <summary>The only manifest of the folder, with its config and its layers.</summary>
    public async Task<(byte[] Manifest, byte[] Config, IReadOnlyList<Layer> Layers)> ReadAsync(CancellationToken cancellationToken)
    {
        var index = JsonNode.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, "index.json"), cancellationToken))!;
        var bytes = await BlobAsync(index["manifests"]![0]!["digest"]!.GetValue<string>(), cancellationToken);
        var manifest = JsonNode.Parse(bytes)!;
        var config = await BlobAsync(manifest["config"]!["digest"]!.GetValue<string>(), cancellationToken);
        return (bytes, config, Layers(manifest, config));
    }

    /// <summary>The layers of a manifest, paired with the config's digests of their uncompressed bytes.</summary>
    public static IReadOnlyList<Layer> Layers(JsonNode manifest, byte[] config)
    {
        var diffIds = JsonNode.Parse(config)!["rootfs"]!["diff_ids"]!.AsArray().Select(id => id!.GetValue<string>());
        var blobs = manifest["layers"]!.AsArray().Select(layer => layer.Deserialize<Descriptor>()!);
        return [.. blobs.Zip(diffIds, (blob, diffId) => new Layer(blob, diffId))];
    }

    private Task<byte[]> BlobAsync(string digest, CancellationToken cancellationToken) => File.ReadAllBytesAsync(BlobPath(digest), cancellationToken);
}
