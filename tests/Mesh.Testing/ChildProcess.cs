using System.Collections.Concurrent;
using System.Diagnostics;
using Mesh.Servers;

namespace Mesh.Testing;

/// <summary>
/// A process that never outlives the test run: the system ends it when the run is gone, however that came about. Its last lines of
/// output are kept for the message of a failure.
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private const int LinesKept = 200;
    private readonly ConcurrentQueue<string> lines = new();
    private readonly Process process;
    private readonly int stopSignal;

    private ChildProcess(Process process, int stopSignal)
    {
        this.process = process;
        this.stopSignal = stopSignal;
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    /// <summary>The last lines that the process wrote.</summary>
    public string Output => string.Join('\n', lines);

    /// <summary>Starts a command under this run.</summary>
    public static ChildProcess Start(ServerCommand command)
    {
        var start = new ProcessStartInfo(
            Tools.Require("setpriv"), ["--pdeathsig", DeathSignal(command), "--", command.FileName, .. command.Arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = command.WorkingFolder ?? "",
        };
        foreach (var (name, value) in command.Environment)
            start.Environment[name] = value;
        return new ChildProcess(StartingThread.Run(() => Process.Start(start)!), command.StopSignal);
    }

    /// <summary>SIGKILL, and waits until the process is gone.</summary>
    public async Task KillAsync()
    {
        if (!process.HasExited)
            LinuxProcess.Signal(process.Id, LinuxProcess.Kill);
        await process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Asks the process to end; SIGKILL when it has not within the grace time, which only a defect reaches unless it is given.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync(TimeSpan? grace = null)
    {
        if (!process.HasExited)
            LinuxProcess.Signal(process.Id, stopSignal);
        using var timeout = new CancellationTokenSource(grace ?? Wait.Limit);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
        }

        return process.ExitCode;
    }

    public Task WaitForExitAsync(CancellationToken cancellation) => process.WaitForExitAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        process.Dispose();
    }

    // A database that is killed leaves shared memory behind, so it is asked.
    private static string DeathSignal(ServerCommand command) => command.StopSignal == LinuxProcess.Interrupt ? "INT" : "KILL";

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null)
            return;
        lines.Enqueue(line.Data);
        while (lines.Count > LinesKept)
            lines.TryDequeue(out _);
    }
}
