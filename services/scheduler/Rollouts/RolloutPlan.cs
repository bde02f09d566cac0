namespace Mesh.Scheduler.Rollouts;

/// <summary>What is to be done for a workload now.</summary>
public sealed record RolloutPlan(RolloutProgress Progress)
{
    /// <summary>How many allocations to place, and of which revision.</summary>
    public int Start { get; init; }

    public long StartRevision { get; init; }

    /// <summary>Lost allocations that the first of those started replace: they must not come back.</summary>
    public IReadOnlyList<Guid> Replaces { get; init; } = [];

    /// <summary>Allocations to take out of the routers' table while they run on.</summary>
    public IReadOnlyList<Guid> Drain { get; init; } = [];

    /// <summary>Allocations to stop: no live router sends them anything.</summary>
    public IReadOnlyList<Guid> Stop { get; init; } = [];

    /// <summary>Ended allocations whose end is counted now.</summary>
    public IReadOnlyList<Guid> Account { get; init; } = [];

    public WorkloadState State { get; init; }

    public string Message { get; init; } = "";

    public RolloutCounts Counts { get; init; } = new(0, 0, 0, 0);

    /// <summary>When to decide again although nothing has changed; null: only after a change.</summary>
    public DateTimeOffset? WakeTime { get; init; }

    /// <summary>Whether the workload is gone and may be forgotten.</summary>
    public bool Gone { get; init; }
}

/// <summary>How far the newest revision has come.</summary>
public sealed record RolloutCounts(int Desired, int Updated, int Healthy, int Old);
