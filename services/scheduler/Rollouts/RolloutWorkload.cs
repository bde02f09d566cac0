namespace Mesh.Scheduler.Rollouts;

/// <summary>One workload as a rollout sees it.</summary>
public sealed record RolloutWorkload(int Count, long Revision)
{
    /// <summary>How many allocations may exist beyond <see cref="Count"/> while they are replaced.</summary>
    public int MaxSurge { get; init; } = 1;

    /// <summary>How many of <see cref="Count"/> may be missing while they are replaced.</summary>
    public int MaxUnavailable { get; init; }

    public TimeSpan HealthyDeadline { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Whether its owner asked to stop and forget it.</summary>
    public bool Stopping { get; init; }

    public RolloutProgress Progress { get; init; } = new();

    /// <summary>The revision that shall run; 0 when none works.</summary>
    public long Goal => Progress.FailedRevision == Revision ? Progress.StableRevision : Revision;

    /// <summary>Whether the newest revision has neither proved to work nor failed.</summary>
    public bool Unproven => Progress.StableRevision != Revision && Progress.FailedRevision != Revision;
}

/// <summary>What a rollout has to remember between two decisions.</summary>
public sealed record RolloutProgress
{
    /// <summary>The newest revision that ran as asked for; 0: none yet.</summary>
    public long StableRevision { get; init; }

    /// <summary>The revision that did not become healthy in time; 0: none.</summary>
    public long FailedRevision { get; init; }

    /// <summary>Rounds of failures in a row, for the back-off.</summary>
    public int Failures { get; init; }

    /// <summary>Before this time nothing new is started.</summary>
    public DateTimeOffset? RetryTime { get; init; }

    /// <summary>When the newest revision first failed without any progress since; null while it makes progress.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>Why an allocation last failed.</summary>
    public string Reason { get; init; } = "";
}
