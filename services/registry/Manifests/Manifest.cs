using Mesh.Registry.Blobs;

namespace Mesh.Registry.Manifests;

/// <summary>A manifest, byte for byte, with what the registry needs to know of it read out.</summary>
/// <param name="Digest">The digest of <paramref name="Content"/>.</param>
/// <param name="MediaType">One of <see cref="MediaTypes"/>.</param>
/// <param name="ArtifactType">The type of artifact; for an image without one, the media type of its config.</param>
/// <param name="Config">The config of an image; null for an index.</param>
/// <param name="Layers">The layers of an image, lowest first.</param>
/// <param name="Children">The manifests of an index.</param>
/// <param name="Subject">The manifest that this one refers to; it need not exist.</param>
/// <param name="Annotations">Free annotations.</param>
/// <param name="Content">The bytes.</param>
public sealed record Manifest(
    Digest Digest,
    string MediaType,
    string? ArtifactType,
    Descriptor? Config,
    IReadOnlyList<Descriptor> Layers,
    IReadOnlyList<Descriptor> Children,
    Digest? Subject,
    IReadOnlyDictionary<string, string>? Annotations,
    ReadOnlyMemory<byte> Content)
{
    /// <summary>The largest manifest, in bytes.</summary>
    public const int MostBytes = 4 << 20;

    /// <summary>Config and layers that must be in the repository before the manifest, each once.</summary>
    public IEnumerable<Descriptor> Blobs =>
        (Config is null ? Layers : [Config, .. Layers]).Where(part => !MediaTypes.IsForeignLayer(part.MediaType)).DistinctBy(part => part.Digest);
}
