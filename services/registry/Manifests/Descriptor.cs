using Mesh.Registry.Blobs;

namespace Mesh.Registry.Manifests;

/// <summary>Points to content: what it is, its digest and its size.</summary>
public sealed record Descriptor(
    string MediaType, Digest Digest, long Size, string? ArtifactType, IReadOnlyDictionary<string, string>? Annotations);
