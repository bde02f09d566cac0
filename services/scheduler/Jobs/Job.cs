namespace Mesh.Scheduler.Jobs;

/// <summary>A job as it is stored.</summary>
public sealed record Job
{
    public Guid Uid { get; init; }

    public string Tenant { get; init; } = "";

    public int MaxAttempts { get; init; }

    public TimeSpan Deadline { get; init; }

    public TimeSpan Backoff { get; init; }

    public JobState State { get; init; }

    public int Attempts { get; init; }

    /// <summary>Whether somebody asked to cancel it.</summary>
    public bool Cancelled { get; init; }

    public string Message { get; init; } = "";

    public int ExitCode { get; init; }

    public Guid? Allocation { get; init; }

    public DateTimeOffset? LeaseTime { get; init; }

    public DateTimeOffset CreateTime { get; init; }

    public DateTimeOffset NextAttemptTime { get; init; }

    public DateTimeOffset? EndTime { get; init; }

    /// <summary>What runs, without its env.</summary>
    public V1.Template? Template { get; init; }

    /// <summary>The workload's spec, for its labels.</summary>
    public V1.WorkloadSpec? Spec { get; init; }

    public JobName Name => new(Tenant, Uid);

    public bool Ended => State is JobState.Succeeded or JobState.Dead or JobState.Cancelled;
}
