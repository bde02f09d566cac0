using System.ComponentModel.DataAnnotations;

namespace Mesh.Ingestion.Log;

/// <summary>Bounds of the write-ahead log. Sizes are in bytes.</summary>
public sealed record LogOptions
{
    /// <summary>A segment that has reached this size is ended and the next one begun.</summary>
    [Range(4096, 1 << 30)]
    public long SegmentBytes { get; init; } = 64 << 20;

    /// <summary>How many segments that nobody needs any more are kept to be written over. A minute at a million samples a second takes about ten.</summary>
    [Range(0, 1024)]
    public int SpareSegments { get; init; } = 16;

    /// <summary>What the log may hold beyond the checkpoint. Beyond it, records are refused until the drain catches up.</summary>
    [Range(1 << 16, long.MaxValue)]
    public long MaxBytes { get; init; } = 8L << 30;

    /// <summary>The space that must stay free on the disk.</summary>
    [Range(0, long.MaxValue)]
    public long MinFreeBytes { get; init; } = 512 << 20;

    /// <summary>What may wait for one group commit.</summary>
    [Range(1 << 16, 1L << 31)]
    public long MaxQueuedBytes { get; init; } = 96 << 20;

    /// <summary>A batch for the database ends with the record that brings it to this many rows.</summary>
    [Range(1, 10_000_000)]
    public int BatchRows { get; init; } = 2_000_000;

    /// <summary>A batch for the database ends with the record that brings it to this size, so the drain's memory is bounded.</summary>
    [Range(1, 1 << 30)]
    public int BatchBytes { get; init; } = 64 << 20;

    /// <summary>A batch for the database ends when its first row has waited this long.</summary>
    public TimeSpan BatchAge { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A roll-up ends with the batch that brings it to this many rows, so the drain's memory is bounded.</summary>
    [Range(1, 100_000_000)]
    public int RollupRows { get; init; } = 4_000_000;

    /// <summary>A roll-up ends with the first batch that ends this long after its first row.</summary>
    public TimeSpan RollupAge { get; init; } = TimeSpan.FromMinutes(1);
}
