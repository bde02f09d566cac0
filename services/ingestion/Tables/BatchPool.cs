using System.Collections.Concurrent;

namespace Mesh.Ingestion.Tables;

/// <summary>Keeps batches for the next message, so that their columns' arrays are used again.</summary>
public sealed class BatchPool
{
    private const int MaxKept = 32;

    private readonly ConcurrentBag<TelemetryBatch> _kept = [];

    public TelemetryBatch Rent() => _kept.TryTake(out var batch) ? batch : new TelemetryBatch();

    public void Return(TelemetryBatch batch)
    {
        batch.Clear();
        if (_kept.Count < MaxKept)
            _kept.Add(batch);
    }
}
