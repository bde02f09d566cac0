namespace Mesh.Cli.Local;

/// <summary>What a program of the stack is doing.</summary>
internal enum ProgramState
{
    Waiting,
    Starting,
    Ready,
    Restarting,
    Stopping,
    Stopped,
}

/// <summary>What the stack as a whole is doing.</summary>
internal enum StackState
{
    Starting,
    Up,
    Stopping,
    Stopped,
    Failed,
}

/// <summary>One program at one moment.</summary>
internal sealed record ProgramStatus(string Name, ProgramState State, string Address, int? Pid, int Restarts, DateTimeOffset Since);

/// <summary>The stack at one moment; the content of <c>status.json</c>.</summary>
internal sealed record StackStatus(StackState State, string? Failure, IReadOnlyList<ProgramStatus> Programs);
