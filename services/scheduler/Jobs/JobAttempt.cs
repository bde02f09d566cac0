namespace Mesh.Scheduler.Jobs;

/// <summary>The newest attempt of a job, as its agent last described it.</summary>
public sealed record JobAttempt(Guid Uid, Desired Desired, AllocationState State)
{
    public int ExitCode { get; init; }

    public string Message { get; init; } = "";

    public bool Ended => State is AllocationState.Stopped or AllocationState.Failed or AllocationState.Lost;

    public bool Succeeded => this is { State: AllocationState.Stopped, Desired: Desired.Run, ExitCode: 0 };
}
