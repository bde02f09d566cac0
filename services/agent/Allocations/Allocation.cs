namespace Mesh.Agent.Allocations;

public enum AllocationPhase
{
    Pending,
    Pulling,
    Starting,
    Running,

    /// <summary>Ended by itself; the traces of that run are being removed, then it waits for its next start.</summary>
    Restarting,
    Stopping,

    /// <summary>Ended for good; its traces are being removed.</summary>
    Ending,
    Stopped,
    Failed,
}

/// <summary>All that the agent knows of one allocation. It is on disk before anything is done that follows from it.</summary>
public sealed record Allocation(AllocationSpec Spec, AllocationPhase Phase = AllocationPhase.Pending, string Message = "")
{
    public int Port { get; init; }
    public bool StopWanted { get; init; }
    public bool Suspended { get; init; }
    public bool ForgetWanted { get; init; }
    public bool Healthy { get; init; }
    public int Successes { get; init; }
    public int Failures { get; init; }
    public int Restarts { get; init; }
    public int PullAttempts { get; init; }
    public int? ExitCode { get; init; }
    public bool OomKilled { get; init; }

    /// <summary>When the phase is left at the latest: the next try, or the end of the grace.</summary>
    public DateTimeOffset? DueTime { get; init; }
    public DateTimeOffset? StartTime { get; init; }
    public DateTimeOffset? EndTime { get; init; }

    /// <summary>The phase that follows <see cref="AllocationPhase.Ending"/>.</summary>
    public AllocationPhase Outcome { get; init; }

    /// <summary>The restarts within the policy's window.</summary>
    public IReadOnlyList<DateTimeOffset> RestartTimes { get; init; } = [];

    /// <summary>Whether it has ended for good.</summary>
    public bool IsFinal => Phase is AllocationPhase.Stopped or AllocationPhase.Failed;

    /// <summary>Whether nothing of it runs, or will before the agent is started again.</summary>
    public bool IsAtRest => IsFinal || (Suspended && Phase == AllocationPhase.Pending);

    /// <summary>Whether a shim is at work for it.</summary>
    public bool HasShim => Phase is AllocationPhase.Starting or AllocationPhase.Running or AllocationPhase.Stopping;
}
