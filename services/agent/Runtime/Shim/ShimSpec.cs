namespace Mesh.Agent.Runtime.Shim;

/// <summary>What a shim shall do; written by the agent, read once by the shim.</summary>
/// <param name="Command">What starts the container. With a pid file it ends as soon as the container runs.</param>
/// <param name="Environment">The command's whole environment.</param>
/// <param name="UsesPidFile">Whether the container's process is named in the pid file, or is the command itself.</param>
/// <param name="OomFile">The cgroup file that counts kills for want of memory; null where there is none.</param>
/// <param name="Cleanup">Run after the end; null when nothing is to be done.</param>
/// <param name="LogFileBytes">The size at which a log file is ended and the next begun.</param>
/// <param name="LogFiles">How many log files are kept.</param>
public sealed record ShimSpec(
    OverlayMount? Overlay,
    IReadOnlyList<string> Command,
    IReadOnlyDictionary<string, string> Environment,
    string? WorkingDirectory,
    bool UsesPidFile,
    string? OomFile,
    IReadOnlyList<string>? Cleanup,
    long LogFileBytes = 10 << 20,
    int LogFiles = 5);

/// <summary>The root file system of a container, the lowest layer first.</summary>
/// <param name="LayerFolder">The shim works in it, so that the mount options name the layers without their path.</param>
public sealed record OverlayMount(string LayerFolder, IReadOnlyList<string> Layers, string Upper, string Work, string Target);

/// <summary>Written when the container runs.</summary>
/// <param name="StartTicks">When the process began, by the kernel's clock: with it, a process id is never somebody else's.</param>
public sealed record ShimStart(int ProcessId, long StartTicks, DateTimeOffset Time);

/// <summary>Written when the container has ended, or could not be started.</summary>
/// <param name="ExitCode">The exit code, 128 + n for signal n.</param>
/// <param name="Error">Why it could not be started; null when it ran.</param>
public sealed record ShimExit(int ExitCode, int Signal, bool OomKilled, string? Error, DateTimeOffset Time);
