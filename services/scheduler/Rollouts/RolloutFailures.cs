namespace Mesh.Scheduler.Rollouts;

/// <summary>Counts failures, spaces attempts out, and says when a revision has failed.</summary>
public static class RolloutFailures
{
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);

    /// <summary>Counts what ended against the will of the scheduler since the last decision. Several at once are one round.</summary>
    public static (RolloutProgress Progress, IReadOnlyList<Guid> Account) Account(
        RolloutWorkload workload, IReadOnlyCollection<RolloutAllocation> allocations, DateTimeOffset now)
    {
        var progress = workload.Progress;
        var failed = allocations.Where(a => a is { Ended: true, Desired: Desired.Run, Accounted: false }).ToList();
        if (failed.Count == 0)
            return (progress, []);
        var forgiven = progress.RetryTime is { } retry && now - retry > Backoff.Forgiven;
        var failures = (forgiven ? 0 : progress.Failures) + 1;
        progress = progress with { Failures = failures, RetryTime = now + Backoff.After(failures), Reason = Reason(failed[^1]) };
        if (workload.Unproven && failed.Exists(a => a.Revision == workload.Revision))
            progress = progress with { FailingSince = progress.FailingSince ?? now };
        return (progress, [.. failed.Select(a => a.Uid)]);
    }

    /// <summary>Marks the newest revision as failed when it has not become healthy in time.</summary>
    public static RolloutProgress Judge(RolloutWorkload workload, IReadOnlyList<RolloutAllocation> active, DateTimeOffset now)
    {
        var progress = workload.Progress;
        if (!workload.Unproven || workload.Stopping || workload.Count == 0)
            return progress;
        // A process that ends soon after each start is no progress, though it was healthy for a moment.
        if (active.Any(a => a.Works && a.Revision == workload.Revision && a.HealthyTime > progress.FailingSince && now - a.HealthyTime >= Settled))
            progress = progress with { FailingSince = null };
        workload = workload with { Progress = progress };
        if (NextDeadline(workload, active) is not { } deadline || deadline > now)
            return progress;
        var late = Late(workload, active).FirstOrDefault(a => a.CreateTime + workload.HealthyDeadline <= now);
        var reason = late is null ? progress.Reason : late.Message.Length > 0 ? late.Message : "It did not become healthy.";
        return progress with { FailedRevision = workload.Revision, Reason = reason, Failures = 0, RetryTime = null, FailingSince = null };
    }

    /// <summary>When the newest revision fails unless something becomes healthy.</summary>
    public static DateTimeOffset? NextDeadline(RolloutWorkload workload, IReadOnlyList<RolloutAllocation> active)
    {
        if (!workload.Unproven || workload.Stopping || workload.Count == 0)
            return null;
        var starts = Late(workload, active).Select(a => (DateTimeOffset?)a.CreateTime).Append(workload.Progress.FailingSince);
        return starts.Min() + workload.HealthyDeadline;
    }

    private static IEnumerable<RolloutAllocation> Late(RolloutWorkload workload, IReadOnlyList<RolloutAllocation> active) =>
        active.Where(a => a.Revision == workload.Revision && a.Desired == Desired.Run && a.HealthyTime is null);

    private static string Reason(RolloutAllocation allocation) => allocation switch
    {
        { Message.Length: > 0 } => allocation.Message,
        { State: AllocationState.Lost } => "Its node went away.",
        _ => "It ended by itself.",
    };
}
