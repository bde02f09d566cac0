using System.Globalization;

namespace Mesh.Scheduler.Rollouts;

/// <summary>Says in numbers, a state and one sentence how far a rollout is.</summary>
public static class RolloutReport
{
    public static RolloutPlan Describe(RolloutPlan plan, RolloutWorkload workload, RolloutScene scene)
    {
        var newest = scene.Active.Where(a => a.Revision == workload.Revision).ToList();
        var counts = new RolloutCounts(
            workload.Stopping ? 0 : workload.Count, newest.Count, newest.Count(a => a.Works && a.Desired == Desired.Run),
            scene.Active.Count - newest.Count);
        plan = plan with { Counts = counts };
        var state = State(plan, workload, scene);
        return plan with { State = state, Message = Message(plan, state, workload) };
    }

    private static WorkloadState State(RolloutPlan plan, RolloutWorkload workload, RolloutScene scene)
    {
        if (workload.Stopping || workload.Count == 0)
            return scene.Active.Count == 0 ? WorkloadState.Stopped : WorkloadState.Stopping;
        if (workload.Progress.FailedRevision == workload.Revision)
            return WorkloadState.Failed;
        // A revision that has proved itself stays RUNNING while a router that has just come up catches up.
        var proved = workload.Progress.StableRevision == workload.Revision;
        return proved && plan.Counts.Healthy >= workload.Count && plan.Counts.Old == 0 ? WorkloadState.Running : WorkloadState.Pending;
    }

    private static string Message(RolloutPlan plan, WorkloadState state, RolloutWorkload workload)
    {
        var counts = plan.Counts;
        var progress = plan.Progress;
        return state switch
        {
            WorkloadState.Stopped => "Nothing runs, as asked for.",
            WorkloadState.Stopping => $"{Allocations(counts.Updated + counts.Old)} still to end.",
            WorkloadState.Failed => $"Revision {workload.Revision} failed: {progress.Reason}"
                + (progress.StableRevision > 0 ? $" Revision {progress.StableRevision} goes on serving." : ""),
            WorkloadState.Running => $"{Allocations(counts.Healthy)} of revision {workload.Revision} healthy.",
            _ => $"Revision {workload.Revision}: {counts.Healthy} of {counts.Desired} healthy"
                + (counts.Old > 0 ? $", {counts.Old} of older revisions left." : ".") + Trouble(plan),
        };
    }

    private static string Trouble(RolloutPlan plan) =>
        plan.Progress is { RetryTime: { } retry, Reason: { Length: > 0 } reason } && plan is { Start: 0, WakeTime: { } wake } && wake == retry
            ? $" Last failure: {reason} Next attempt at {retry.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} UTC."
            : "";

    private static string Allocations(int count) => count == 1 ? "1 allocation" : $"{count} allocations";
}
