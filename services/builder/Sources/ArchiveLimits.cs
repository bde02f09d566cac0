namespace Mesh.Builder.Sources;

/// <summary>How much an archive may unpack to.</summary>
public sealed record ArchiveLimits(long MaxBytes = 1L << 30, int MaxEntries = 100_000, int MaxPathLength = 1024, int MaxDepth = 64);
