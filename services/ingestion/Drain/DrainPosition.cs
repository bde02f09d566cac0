namespace Mesh.Ingestion.Drain;

/// <summary>What of the log the database has.</summary>
/// <param name="Drained">Everything before this position.</param>
/// <param name="RollupStart">Where the batches begin whose roll-ups it has not; not behind <paramref name="Drained"/>.</param>
public readonly record struct DrainPosition(long Drained, long RollupStart);
