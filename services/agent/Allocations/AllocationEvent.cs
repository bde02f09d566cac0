using Mesh.Agent.Runtime.Shim;

namespace Mesh.Agent.Allocations;

/// <summary>Something that happened to an allocation.</summary>
public abstract record AllocationEvent
{
    /// <summary>The scheduler wants it to end.</summary>
    public sealed record StopWanted : AllocationEvent;

    /// <summary>The agent ends and takes its allocations with it; the next agent starts them anew.</summary>
    public sealed record SuspendWanted : AllocationEvent;

    /// <summary>The scheduler has recorded its end.</summary>
    public sealed record ForgetWanted : AllocationEvent;

    /// <summary>Time has passed.</summary>
    public sealed record Ticked : AllocationEvent;

    /// <summary>The image is here, or is not to be had.</summary>
    public sealed record Pulled(string? Error, bool IsFinal) : AllocationEvent;

    /// <summary>The container is about to be started on this port.</summary>
    public sealed record Launching(int Port) : AllocationEvent;

    /// <summary>The container could not be prepared.</summary>
    public sealed record LaunchFailed(string Error, bool IsFinal) : AllocationEvent;

    /// <summary>The container runs.</summary>
    public sealed record Started(ShimStart Start) : AllocationEvent;

    /// <summary>The container has ended.</summary>
    public sealed record Ended(ShimExit Exit) : AllocationEvent;

    /// <summary>The shim is gone and has not said how the container ended.</summary>
    public sealed record Vanished : AllocationEvent;

    /// <summary>A health check was made of the run that began at <paramref name="Run"/>.</summary>
    public sealed record Checked(DateTimeOffset Run, string? Error) : AllocationEvent;

    /// <summary>The container's traces are removed.</summary>
    public sealed record Cleaned : AllocationEvent;
}

/// <summary>What is to be done for an allocation now.</summary>
public enum AllocationAction
{
    None,
    Pull,
    Launch,
    Terminate,
    Kill,
    Clean,
}
