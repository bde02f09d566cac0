namespace Mesh.Registry.Collection;

/// <summary>What a collection removed: blobs with their bytes, and uploads that nobody went on with.</summary>
public sealed record Collected(long Blobs, long Bytes, long Uploads);
