namespace Mesh.Scheduler.Rollouts;

/// <summary>One allocation as a rollout sees it.</summary>
public sealed record RolloutAllocation(Guid Uid, long Revision, Desired Desired, AllocationState State, DateTimeOffset CreateTime)
{
    /// <summary>Whether its health check passes.</summary>
    public bool Healthy { get; init; }

    /// <summary>When it first became healthy.</summary>
    public DateTimeOffset? HealthyTime { get; init; }

    /// <summary>Whether it takes requests through the routers.</summary>
    public bool Listens { get; init; }

    /// <summary>Whether its address is in the routers' table.</summary>
    public bool Published { get; init; }

    /// <summary>The generation of the table in which its address last came, changed or went; 0: it never was there.</summary>
    public long PublishedGeneration { get; init; }

    /// <summary>Whether its end was counted as a failure already.</summary>
    public bool Accounted { get; init; }

    /// <summary>Whether its node is being drained, so that it must move.</summary>
    public bool MustMove { get; init; }

    /// <summary>What the agent said last.</summary>
    public string Message { get; init; } = "";

    public bool Ended => State is AllocationState.Stopped or AllocationState.Failed or AllocationState.Lost;

    public bool Works => Healthy && State == AllocationState.Running;

    /// <summary>Whether it does its work, and every live router knows that it does.</summary>
    public bool Serves(long acknowledged) =>
        Works && (!Listens || (Published && PublishedGeneration <= acknowledged));

    /// <summary>Whether no live router sends it anything any more.</summary>
    public bool Forgotten(long acknowledged) => !Published && PublishedGeneration <= acknowledged;
}
