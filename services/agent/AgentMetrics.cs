using System.Diagnostics.Metrics;
using Mesh.Agent.Allocations;
using Mesh.Agent.Telemetry;

namespace Mesh.Agent;

/// <summary>What the agent measures of itself.</summary>
internal sealed class AgentMetrics : IDisposable
{
    private readonly Meter meter = new("Mesh.Agent");

    public AgentMetrics(NodeAllocations allocations, SampleBuffer samples)
    {
        meter.CreateObservableGauge(
            "mesh.agent.allocations", () => Count(allocations), "{allocation}", "Allocations on this node, by what they do.");
        meter.CreateObservableCounter(
            "mesh.agent.samples.dropped", () => samples.Dropped, "{sample}", "Samples that were dropped because ingestion was away for too long.");
    }

    public void Dispose() => meter.Dispose();

    private static IEnumerable<Measurement<int>> Count(NodeAllocations allocations)
    {
        var phases = allocations.All.CountBy(allocation => allocation.Phase).ToDictionary();
        return Enum.GetValues<AllocationPhase>().Select(phase => new Measurement<int>(
            phases.GetValueOrDefault(phase), new KeyValuePair<string, object?>("phase", phase.ToString().ToLowerInvariant())));
    }
}
