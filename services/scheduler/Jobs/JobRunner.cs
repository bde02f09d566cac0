using Mesh.Common.Postgres;
using Mesh.Scheduler.Changes;
using Mesh.Scheduler.Nodes;
using Mesh.Scheduler.Placement;
using Mesh.Scheduler.Reconciling;
using Mesh.Scheduler.Workloads;

namespace Mesh.Scheduler.Jobs;

/// <summary>
/// The leader's pass over the queue. It runs in the reconciler's loop, never beside it: two who place at once could promise the same
/// room twice.
/// </summary>
public sealed class JobRunner(Fence fences, JobStore jobs, NodeStore nodes, ReconcileStore store, TimeProvider time)
{
    private const int MostAtOnce = 100;

    /// <summary>Deals with the jobs that are due and those that something happened to; whether there may be more.</summary>
    public async Task<bool> RunAsync(long fence, Guid[] changed, int seed, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var transaction = await fences.BeginAsync(fence, cancellationToken);
        // What waits for locks comes first, in order; what skips them cannot hold anybody up.
        var moved = changed.Length == 0 ? [] : await jobs.LockRunningAsync(transaction, changed, cancellationToken);
        var due = await jobs.ClaimDueAsync(transaction, now, MostAtOnce, cancellationToken);
        var all = due.Concat(moved).DistinctBy(job => job.Uid).ToList();
        if (all.Count == 0)
            return false;
        var attempts = await AttemptsAsync(transaction, all, cancellationToken);
        var plans = all.Select(job => (Before: job, Plan: JobPlan.Decide(job, attempts.GetValueOrDefault(job.Uid), now))).ToList();
        var starting = plans.Where(p => p.Plan.Start).Select(p => p.Plan.After).ToList();
        var placed = starting.Count == 0 ? [] : await PlaceAsync(transaction, starting, seed, now, cancellationToken);
        await ApplyAsync(transaction, plans, placed, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return due.Count == MostAtOnce;
    }

    /// <summary>The jobs that run, for a look at each of them.</summary>
    public async Task<Guid[]> RunningAsync(long fence, CancellationToken cancellationToken)
    {
        await using var transaction = await fences.BeginAsync(fence, cancellationToken);
        return [.. await jobs.RunningAsync(transaction, cancellationToken)];
    }

    private async Task<Dictionary<Guid, JobAttempt>> AttemptsAsync(
        MeshTransaction transaction, List<Job> all, CancellationToken cancellationToken)
    {
        var uids = all.Select(job => job.Allocation).OfType<Guid>().ToArray();
        var rows = await jobs.AttemptsAsync(transaction, uids, cancellationToken);
        return rows.ToDictionary(
            row => row.Workload,
            row => new JobAttempt(row.Uid, row.Desired, row.State) { ExitCode = row.ExitCode, Message = row.Message });
    }

    private async Task<Dictionary<Guid, (Job Job, NewAllocation? Allocation)>> PlaceAsync(
        MeshTransaction transaction, List<Job> starting, int seed, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var candidates = await nodes.PlacementAsync(transaction, [], cancellationToken);
        var random = new Random(seed);
        var result = new Dictionary<Guid, (Job, NewAllocation?)>();
        foreach (var job in starting)
        {
            var request = new PlacementRequest(job.Uid, SpecDefaults.Demand(job.Template!.Resources));
            var choice = Placer.Default.Place(request, candidates, random);
            var allocation = choice.Node is { } node ? NewAllocation.Of(job, node, request.Demand, now) : null;
            result[job.Uid] = allocation is null
                ? (JobPlan.Waiting(job, choice.Explanation, now), null)
                : (JobPlan.Started(job, allocation.Uid, now), allocation);
        }
        return result;
    }

    private async Task ApplyAsync(
        MeshTransaction transaction, List<(Job Before, JobPlan Plan)> plans,
        Dictionary<Guid, (Job Job, NewAllocation? Allocation)> placed, CancellationToken cancellationToken)
    {
        NewAllocation[] allocations = [.. placed.Values.Select(p => p.Allocation).OfType<NewAllocation>()];
        Guid[] stop = [.. plans.Where(p => p.Plan.Stop).Select(p => p.Before.Allocation).OfType<Guid>()];
        if (allocations.Length > 0)
            await store.InsertAsync(transaction, allocations, cancellationToken);
        var touched = stop.Length == 0 ? [] : await store.WantAsync(transaction, stop, Desired.Stop, cancellationToken);
        var changes = touched.Concat(allocations.Select(a => a.Node)).Select(Change.Assignments).ToList();
        foreach (var (before, plan) in plans)
        {
            var after = placed.TryGetValue(before.Uid, out var p) ? p.Job : plan.After;
            if (after == before)
                continue;
            await jobs.UpdateAsync(transaction, after, cancellationToken);
            changes.Add(Change.Workload(before.Uid));
        }
        await transaction.NotifyAsync(changes, cancellationToken);
    }
}
