using System.Diagnostics;

namespace Mesh.Cli.Local;

/// <summary>Keeps one program running until it is asked to stop: when it ends for any other reason it is started again, forever.</summary>
internal sealed class SupervisedProgram(StackProgram program, StackFolder folder, StatusBoard board, TimeProvider time) : IDisposable
{
    private const long LargestLog = 16 << 20;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource stop = new();
    private Task run = Task.CompletedTask;

    public StackProgram Program => program;

    /// <summary>Completes when the program has served once.</summary>
    public Task Ready => ready.Task;

    public void Start() => run = RunAsync();

    public async Task StopAsync()
    {
        await stop.CancelAsync();
        await run;
    }

    public void Dispose() => stop.Dispose();

    private async Task RunAsync()
    {
        var delay = new RestartDelay();
        try
        {
            board.Report(program.Name, ProgramState.Starting, null);
            await program.Prepare(stop.Token);
            while (!stop.IsCancellationRequested)
            {
                var begin = time.GetTimestamp();
                await RunOnceAsync();
                if (stop.IsCancellationRequested)
                    break;
                board.Report(program.Name, ProgramState.Restarting, null);
                await Task.Delay(delay.After(time.GetElapsedTime(begin)), time, stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped before or between its runs.
        }
        catch (Exception failure)
        {
            ready.TrySetException(failure);
        }

        board.Report(program.Name, ProgramState.Stopped, null);
    }

    private async Task RunOnceAsync()
    {
        using var process = Launch();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        var record = PidRecord.Of(program.Name, process.Id, program.Command.StopSignal, program.Stage);
        record?.Write(folder.PidFolder);
        board.Report(program.Name, ProgramState.Starting, process.Id);
        var readiness = ReportReadyAsync(process.Id, ended.Token);
        try
        {
            await process.WaitForExitAsync(stop.Token);
        }
        catch (OperationCanceledException) when (record is not null)
        {
            board.Report(program.Name, ProgramState.Stopping, process.Id);
            await ProcessEnd.StopAsync(record, program.Grace, time);
        }

        await ended.CancelAsync();
        await readiness;
        record?.Delete(folder.PidFolder);
    }

    private async Task ReportReadyAsync(int pid, CancellationToken ended)
    {
        try
        {
            while (!await program.IsReady(ended))
                await Task.Delay(Poll, time, ended);
            board.Report(program.Name, ProgramState.Ready, pid);
            ready.TrySetResult();
        }
        catch (OperationCanceledException)
        {
            // The program ended first.
        }
    }

    // The program leads a session of its own, so that Ctrl-C reaches the supervisor alone, and writes its log itself, so that it can
    // go on when the supervisor is killed.
    private Process Launch()
    {
        var log = folder.LogFile(program.Name);
        if (new FileInfo(log) is { Exists: true, Length: > LargestLog })
            File.Move(log, log + ".1", overwrite: true);
        const string Script = """exec >>"$1" 2>&1 </dev/null; shift; exec setsid "$@" """;
        var start = new ProcessStartInfo("/bin/sh", ["-c", Script, "sh", log, program.Command.FileName, .. program.Command.Arguments])
        {
            WorkingDirectory = program.Command.WorkingFolder ?? folder.Path,
        };
        foreach (var (name, value) in program.Command.Environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
