namespace Mesh.Agent.Allocations;

/// <summary>Takes up what runs when the agent starts, and lets it run on or ends it when the agent ends.</summary>
internal sealed class AllocationHost(
    NodeAllocations allocations, AgentMetrics metrics, AgentOptions options, ILogger<AllocationHost> log) : IHostedService, IDisposable
{
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(15);

    // Not given up for a stop that comes meanwhile: only what is taken up can be stopped.
    public Task StartAsync(CancellationToken cancellationToken) => allocations.AdoptAsync(CancellationToken.None);

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (options.OnStop == OnStop.Stop) await StopAllocationsAsync(cancellationToken);
        await allocations.DisposeAsync();
    }

    public void Dispose() => metrics.Dispose();

    private async Task StopAllocationsAsync(CancellationToken cancellation)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(LongestStop);
        try
        {
            await allocations.SuspendAllAsync(limited.Token);
        }
        catch (OperationCanceledException)
        {
            log.LogWarning("Some allocations did not end within {Seconds} s; they are killed", LongestStop.TotalSeconds);
            allocations.KillAll();
            await allocations.SuspendAllAsync(cancellation);
        }
    }
}
