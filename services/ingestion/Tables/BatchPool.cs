using System.Collections.Concurrent;

namespace Mesh.Ingestion.Tables;

/// <summary>Keeps batches for the next message, so that their columns' arrays are used again.</summary>
public sealed class BatchPool
{
    private const int MaxKept = 32;

    // What one sender once needed must not be held for ever.
    private const long MaxKeptBytes = 8 << 20;

    private readonly ConcurrentBag<TelemetryBatch> _kept = [];

    public TelemetryBatch Rent() => _kept.TryTake(out var batch) ? batch : new TelemetryBatch();

    public void Return(TelemetryBatch batch)
    {
        var small = batch.Bytes <= MaxKeptBytes;
        batch.Clear();
        if (small && _kept.Count < MaxKept)
            _kept.Add(batch);
    }
}
