using Mesh.Registry.Blobs;

namespace Mesh.Registry.Manifests;

/// <summary>A manifest as it lies in the database.</summary>
public sealed record StoredManifest
{
    public required Digest Digest { get; init; }

    public required string MediaType { get; init; }

    /// <summary>The manifest's own bytes.</summary>
    public long Size { get; init; }

    /// <summary>The manifest; null where only the head was asked for.</summary>
    public byte[]? Content { get; init; }

    /// <summary>The tags that stand for it now, in ASCII order.</summary>
    public required string[] Tags { get; init; }

    public DateTimeOffset PushTime { get; init; }
}
