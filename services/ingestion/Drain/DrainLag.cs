using Mesh.Ingestion.Log;

namespace Mesh.Ingestion.Drain;

/// <summary>How far the tables are behind the log of this replica.</summary>
public sealed class DrainLag(LogOptions options, TimeProvider time)
{
    private const int UsualBatches = 5;

    // When the oldest record that the database has not was written; 0 for none, and less while that is not known.
    private long _oldest = -1;

    /// <summary>The age of the oldest record that the database has not; 0 where there is none.</summary>
    public TimeSpan Age => Volatile.Read(ref _oldest) is > 0 and var oldest
        ? TimeSpan.FromMilliseconds(Math.Max(0, time.GetUtcNow().ToUnixTimeMilliseconds() - oldest))
        : TimeSpan.Zero;

    /// <summary>
    /// Whether records wait for longer than the gathering of some batches takes, or may: what the tables lack then says nothing, because
    /// it may be in the log.
    /// </summary>
    public bool IsBehind => Volatile.Read(ref _oldest) < 0 || Age > options.BatchAge * UsualBatches;

    /// <summary>Notes since when the records of a batch wait.</summary>
    internal void Note(DrainBatch batch) => Volatile.Write(ref _oldest, batch.End == batch.Start ? 0 : batch.UnixMilliseconds);
}
