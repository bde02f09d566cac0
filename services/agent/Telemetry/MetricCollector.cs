using Mesh.Agent.Allocations;
using Mesh.Agent.Runtime;
using Mesh.Agent.Scheduling;
using Mesh.Common.Hosting;

namespace Mesh.Agent.Telemetry;

/// <summary>Measures every allocation at a regular interval, and reads the metrics that the processes themselves give.</summary>
internal sealed class MetricCollector(
    NodeAllocations allocations, IContainerRuntime runtime, AllocationStore store, AppScrape scrape, SampleBuffer buffer, NodeIdentity node,
    AgentOptions options, TimeProvider time, ILogger<MetricCollector> log) : BackgroundLoop
{
    private const int MostAtOnce = 16;

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.MetricsInterval, time);
        await new Rounds("The allocations could not be measured", time, log).RunAsync(
            async stop =>
            {
                await timer.WaitForNextTickAsync(stop);
                var running = allocations.All.Where(allocation => allocation.Phase == AllocationPhase.Running);
                var limits = new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = stop };
                await Parallel.ForEachAsync(running, limits, CollectAsync);
            },
            stoppingToken);
    }

    private async ValueTask CollectAsync(Allocation allocation, CancellationToken cancellation)
    {
        var labels = AllocationLabels.Of(allocation.Spec, node.Id);
        try
        {
            buffer.Add(Measure(allocation, labels));
            if (allocation.Port > 0) buffer.Add(await scrape.ReadAsync(allocation, labels, cancellation));
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            log.LogWarning(e, "Allocation {Allocation} could not be measured", allocation.Spec.Uid);
        }
    }

    private IEnumerable<MetricSample> Measure(Allocation allocation, SortedDictionary<string, string> labels)
    {
        var now = time.GetUtcNow();
        KeyValuePair<string, string>[] fixedLabels = [.. labels];
        MetricSample Sample(string metric, double value) => new(new(AllocationLabels.Tenant(allocation.Spec), metric, fixedLabels), now, value);
        yield return Sample("mesh_allocation_healthy", allocation.Healthy ? 1 : 0);
        yield return Sample("mesh_allocation_restarts_total", allocation.Restarts);
        yield return Sample("mesh_allocation_memory_limit_bytes", allocation.Spec.Limits.MemoryBytes);
        if (runtime.ReadUsage(allocation.Spec.Uid, store.Folder(allocation.Spec.Uid)) is not { } usage) yield break;
        yield return Sample("mesh_allocation_cpu_seconds_total", usage.CpuSeconds);
        yield return Sample("mesh_allocation_memory_bytes", usage.MemoryBytes);
        yield return Sample("mesh_allocation_processes", usage.Processes);
    }
}
