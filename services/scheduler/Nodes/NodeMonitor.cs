using Mesh.Scheduler.Changes;
using Mesh.Scheduler.Endpoints;
using Mesh.Scheduler.Reconciling;

namespace Mesh.Scheduler.Nodes;

/// <summary>Watches over nodes: ends silent streams, keeps heartbeats, and gives up nodes that stay away.</summary>
public sealed class NodeMonitor(
    Fence fences, NodeStore nodes, StatusStore statuses, EndpointStore endpoints, SchedulerOptions options, TimeProvider time,
    ILogger<NodeMonitor> logger)
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private const int TicksPerComparison = 5;

    /// <summary>Starts every node's clock anew: a new leader hears from nobody at first.</summary>
    public async Task BeginAsync(long fence, CancellationToken cancellationToken)
    {
        await using var transaction = await fences.BeginAsync(fence, cancellationToken);
        await nodes.DisconnectAllAsync(transaction, time.GetUtcNow(), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task RunAsync(LeaderTerm term, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Tick, time);
        for (var tick = 1; await timer.WaitForNextTickAsync(cancellationToken); tick++)
        {
            foreach (var session in term.Nodes.All.Where(session => session.Silence > options.Silence))
                session.Abandon();
            if (tick % TicksPerComparison == 0)
                await CompareAsync(term, cancellationToken);
            await LoseAsync(term, cancellationToken);
        }
    }

    // Keeps heartbeats, and mends what a broken write at the end or the beginning of a stream left behind.
    private async Task CompareAsync(LeaderTerm term, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var transaction = await fences.BeginAsync(term.Fence, cancellationToken);
        var ready = await nodes.ReadyAsync(transaction, cancellationToken);
        foreach (var node in ready.Where(node => term.Nodes.Find(node) is null))
            await nodes.DisconnectAsync(transaction, node, now, cancellationToken);
        // The last, so that a node whose stream has begun meanwhile is ready again.
        await nodes.HeartbeatAsync(transaction, [.. term.Nodes.All.Select(session => session.Node)], now, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task LoseAsync(LeaderTerm term, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> away;
        await using (var transaction = await fences.BeginAsync(term.Fence, cancellationToken))
            away = await nodes.DisconnectedBeforeAsync(transaction, time.GetUtcNow() - options.LostAfter, cancellationToken);
        // One transaction a node: workloads are locked in one order within each.
        foreach (var node in away.Where(node => term.Nodes.Find(node) is null))
            await LoseAsync(term.Fence, node, cancellationToken);
    }

    private async Task LoseAsync(long fence, string node, CancellationToken cancellationToken)
    {
        await using var transaction = await fences.BeginAsync(fence, cancellationToken);
        if (!await nodes.LoseAsync(transaction, node, cancellationToken))
            return;
        var changed = await statuses.LoseAsync(transaction, node, time.GetUtcNow(), cancellationToken);
        await endpoints.PublishAsync(transaction, [.. changed.Select(c => c.Uid)], cancellationToken);
        await transaction.NotifyAsync(
            [Change.Capacity, Change.Endpoints, .. changed.Select(c => Change.Workload(c.Workload))], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        logger.LogWarning("Node {Node} has been away for {Seconds} s and counts as lost", node, options.LostAfter.TotalSeconds);
    }
}
