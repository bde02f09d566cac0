using Mesh.Scheduler.Changes;
using Mesh.Scheduler.Endpoints;
using Mesh.Scheduler.Jobs;

namespace Mesh.Scheduler.Reconciling;

/// <summary>The leader's loop: load, decide, apply, for the workloads that something happened to.</summary>
public sealed class Reconciler(
    Fence fences, ReconcileStore store, Decider decider, Applier applier, JobRunner jobs, ChangeBus bus, TimeProvider time)
{
    private const int MostAtOnce = 100;
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FullTick = TimeSpan.FromMinutes(1);

    public async Task RunAsync(long fence, Routers routers, CancellationToken cancellationToken)
    {
        using var changes = bus.Subscribe(change =>
            change.Kind is ChangeKind.Workload or ChangeKind.Capacity or ChangeKind.Acknowledged);
        var dirty = new DirtySet(store, fences, fence);
        await dirty.AddAllAsync(cancellationToken);
        dirty.Add(await jobs.RunningAsync(fence, cancellationToken));
        var (acknowledged, lastFull, passes) = (routers.Acknowledged, time.GetTimestamp(), 0);
        while (true)
        {
            var batch = dirty.Take(MostAtOnce, time.GetUtcNow());
            if (batch.Length > 0)
                await ReconcileAsync(fence, batch, routers.Acknowledged, passes++, dirty, cancellationToken);
            var more = await jobs.RunAsync(fence, batch, passes++, cancellationToken);
            var wait = more ? TimeSpan.Zero : dirty.Wait(time.GetUtcNow(), Tick);
            await dirty.AddAsync(await changes.NextAsync(wait, cancellationToken), cancellationToken);

            // The generation moves also when a router that went away is given up, which nobody announces.
            var now = routers.Acknowledged;
            if (now > acknowledged)
                await dirty.AddWaitingAsync(acknowledged, cancellationToken);
            acknowledged = now;
            if (time.GetElapsedTime(lastFull) < FullTick)
                continue;
            await dirty.AddAllAsync(cancellationToken);
            dirty.Add(await jobs.RunningAsync(fence, cancellationToken));
            lastFull = time.GetTimestamp();
        }
    }

    private async Task ReconcileAsync(
        long fence, Guid[] batch, long acknowledged, int seed, DirtySet dirty, CancellationToken cancellationToken)
    {
        await using var transaction = await fences.BeginAsync(fence, cancellationToken);
        var decisions = await decider.DecideAsync(transaction, batch, acknowledged, seed, cancellationToken);
        await applier.ApplyAsync(transaction, decisions, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        foreach (var decision in decisions)
            dirty.Wake(decision.Workload.Uid, decision.Plan.Gone ? null : decision.Plan.WakeTime);
    }
}
