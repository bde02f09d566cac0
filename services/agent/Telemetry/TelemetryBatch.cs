using Mesh.Agent.Allocations;

namespace Mesh.Agent.Telemetry;

/// <summary>What goes to ingestion at once, and how far the logs are once it is there.</summary>
public sealed record TelemetryBatch(
    IReadOnlyList<(AllocationSpec Allocation, LogLine Line)> Lines,
    IReadOnlyList<MetricSample> Samples,
    IReadOnlyDictionary<string, LogPosition> Positions)
{
    public bool IsEmpty => Lines.Count == 0 && Samples.Count == 0 && Positions.Count == 0;
}
