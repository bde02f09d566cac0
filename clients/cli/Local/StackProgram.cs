using Mesh.Servers;

namespace Mesh.Cli.Local;

/// <summary>One program of the stack.</summary>
/// <param name="Name">Its name in commands, logs and files.</param>
/// <param name="Stage">Programs of a stage are stopped together, after those of the later stages; <see cref="Stores"/> are ready before others start.</param>
/// <param name="Address">Where it listens, as people are told.</param>
/// <param name="Command">How it is started.</param>
/// <param name="IsReady">Whether it serves; never throws for a server that does not answer.</param>
internal sealed record StackProgram(
    string Name, int Stage, string Address, ServerCommand Command, Func<CancellationToken, Task<bool>> IsReady)
{
    /// <summary>The stage of the databases.</summary>
    public const int Stores = 0;

    /// <summary>Makes what the program needs before it is first started.</summary>
    public Func<CancellationToken, Task> Prepare { get; init; } = _ => Task.CompletedTask;

    /// <summary>How long an orderly end may take before SIGKILL.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(15);
}
