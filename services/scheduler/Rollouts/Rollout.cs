namespace Mesh.Scheduler.Rollouts;

/// <summary>
/// Decides what to do for one workload: a pure function of the workload, its allocations, what the routers acknowledged
/// and the time. A new allocation comes first, becomes healthy and is known to every live router; then an old one is
/// drained, forgotten by every live router, and stopped.
/// </summary>
public static class Rollout
{
    /// <param name="workload">The workload.</param>
    /// <param name="allocations">Its allocations that have not ended, and ended ones that are not accounted or may come back.</param>
    /// <param name="acknowledged">The generation that every live router serves; the largest number when there is no live router.</param>
    /// <param name="now">The time.</param>
    public static RolloutPlan Decide(
        RolloutWorkload workload, IReadOnlyCollection<RolloutAllocation> allocations, long acknowledged, DateTimeOffset now)
    {
        var (progress, account) = RolloutFailures.Account(workload, allocations, now);
        var active = allocations.Where(allocation => !allocation.Ended).ToList();
        progress = RolloutFailures.Judge(workload with { Progress = progress }, active, now);
        workload = workload with { Progress = progress };
        var scene = new RolloutScene(workload, active, acknowledged);
        if (workload.Unproven && scene.IsComplete)
            workload = workload with { Progress = progress = progress with { StableRevision = workload.Revision, FailingSince = null } };

        var waits = progress.RetryTime > now;
        var start = waits ? 0 : scene.Startable;
        var lost = allocations.Where(a => a is { State: AllocationState.Lost, Desired: Desired.Run }).Select(a => a.Uid).ToList();
        var leaving = scene.Leaving().ToList();
        var plan = new RolloutPlan(progress)
        {
            Start = start,
            StartRevision = workload.Goal,
            Account = account,
            Replaces = lost,
            Drain = [.. leaving.Where(NeedsDraining).Select(a => a.Uid)],
            Stop = [.. leaving.Where(a => !NeedsDraining(a)).Concat(scene.Drained).Select(a => a.Uid)],
            Gone = workload.Stopping && active.Count == 0,
            WakeTime = Earliest(
                waits && scene.Startable > 0 ? progress.RetryTime : null, RolloutFailures.NextDeadline(workload, active)),
        };
        return RolloutReport.Describe(plan, workload, scene);
    }

    private static bool NeedsDraining(RolloutAllocation allocation) => allocation is { Listens: true, PublishedGeneration: > 0 };

    private static DateTimeOffset? Earliest(DateTimeOffset? a, DateTimeOffset? b) => a is null ? b : b is null || a < b ? a : b;
}
