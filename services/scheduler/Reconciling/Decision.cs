using Mesh.Scheduler.Rollouts;
using Mesh.Scheduler.Workloads;

namespace Mesh.Scheduler.Reconciling;

/// <summary>One workload and what is to be done for it.</summary>
public sealed record Decision(Workload Workload, RolloutPlan Plan)
{
    /// <summary>What was placed for it.</summary>
    public IReadOnlyList<NewAllocation> Placed { get; init; } = [];

    /// <summary>Why the rest could not be placed; empty when all was.</summary>
    public string Obstacle { get; init; } = "";

    public int Unplaced => Plan.Start - Placed.Count;

    /// <summary>The workload as it is after the decision.</summary>
    public Workload After => Workload with
    {
        State = Plan.State,
        Message = Unplaced == 0 ? Plan.Message : $"{Plan.Message} {Unplaced} cannot be placed. {Obstacle}",
        Desired = Plan.Counts.Desired,
        Updated = Plan.Counts.Updated + (Plan.StartRevision == Workload.Revision ? Placed.Count : 0),
        Healthy = Plan.Counts.Healthy,
        Old = Plan.Counts.Old + (Plan.StartRevision == Workload.Revision ? 0 : Placed.Count),
        Unplaced = Unplaced,
        StableRevision = Plan.Progress.StableRevision,
        FailedRevision = Plan.Progress.FailedRevision,
        Failures = Plan.Progress.Failures,
        RetryTime = Plan.Progress.RetryTime,
        FailingSince = Plan.Progress.FailingSince,
        Reason = Plan.Progress.Reason,
    };

    /// <summary>What a rollout has to know of a stored workload.</summary>
    public static RolloutWorkload View(Workload workload) => new(workload.Spec.Count, workload.Revision)
    {
        MaxSurge = SpecDefaults.MaxSurge(workload.Spec),
        MaxUnavailable = workload.Spec.Update?.MaxUnavailable ?? 0,
        HealthyDeadline = SpecDefaults.HealthyDeadline(workload.Spec),
        Stopping = workload.Stopping,
        Progress = workload.Progress,
    };

    /// <summary>What a rollout has to know of a stored allocation.</summary>
    public static RolloutAllocation View(Allocation allocation, IReadOnlySet<string> draining) =>
        new(allocation.Uid, allocation.Revision, allocation.Desired, allocation.State, allocation.CreateTime)
        {
            Healthy = allocation.Healthy,
            HealthyTime = allocation.HealthyTime,
            Listens = allocation.Listens,
            Published = allocation.PublishedAddress.Length > 0,
            PublishedGeneration = allocation.PublishedGeneration,
            Accounted = allocation.Accounted,
            MustMove = draining.Contains(allocation.Node),
            Message = allocation.Message,
        };
}
