using System.Diagnostics;
using System.Globalization;
using Mesh.Cli.Local;
using Mesh.Servers;
using Mesh.Testing;

namespace Mesh.Cli.Tests.Local;

/// <summary>The supervisor with small real processes: shells that write a file when they serve.</summary>
[Trait("Needs", "servers")]
public sealed class SupervisorTests : IDisposable
{
    private readonly TestFolder test = new();
    private readonly StackFolder folder;

    public SupervisorTests()
    {
        folder = new StackFolder(Path.Combine(test.Path, "mesh"));
        folder.Create();
    }

    private string Journal => Path.Combine(test.Path, "journal");

    [Fact]
    public async Task A_killed_program_is_started_again_and_all_are_stopped_in_reverse_order()
    {
        StackProgram[] programs = [Shell("first", 0), Shell("second", 1)];
        var board = new StatusBoard(programs, folder.StatusFile, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var started = new TaskCompletionSource();
        var run = new Supervisor(programs, folder, board, TimeProvider.System).RunAsync(started.SetResult, stop.Token);
        await started.Task.WaitAsync(Wait.Limit);

        var pid = board.Current.Programs[0].Pid!.Value;
        LinuxProcess.Signal(pid, LinuxProcess.Kill);
        await Wait.UntilAsync("the program runs again", () => board.Current.Programs[0] is { State: ProgramState.Ready, Restarts: 1 });
        Assert.NotEqual(pid, board.Current.Programs[0].Pid);

        var pids = board.Current.Programs.Select(program => program.Pid!.Value).ToArray();
        await stop.CancelAsync();
        await run;
        Assert.All(pids, id => Assert.Null(LinuxProcess.StartOf(id)));
        Assert.Empty(PidRecord.ReadAll(folder.PidFolder));
        Assert.Equal(["start first", "start second", "start first", "stop second", "stop first"], Events());
    }

    [Fact]
    public async Task What_a_killed_supervisor_left_is_ended_and_nothing_else()
    {
        using var bystander = Process.Start("/bin/sleep", "1000");
        try
        {
            var program = Shell("lonely", 0).Command;
            await using var child = ChildProcess.Start(new ServerCommand("setsid", [program.FileName, .. program.Arguments]));
            PidRecord.Of("lonely", child.Id, LinuxProcess.Terminate)!.Write(folder.PidFolder);
            (PidRecord.Of("bystander", bystander.Id, LinuxProcess.Terminate)! with { Start = 1 }).Write(folder.PidFolder);
            await Wait.UntilAsync("the program serves", () => Events().Contains("start lonely"));

            Assert.Equal(["lonely"], await Leftovers.EndAsync(folder, TimeProvider.System));

            Assert.False(bystander.HasExited);
            await Wait.UntilAsync("the program is gone", () => child.HasExited);
            Assert.Empty(PidRecord.ReadAll(folder.PidFolder));
        }
        finally
        {
            bystander.Kill();
        }
    }

    [Fact]
    public async Task A_program_that_cannot_be_prepared_stops_the_start_with_its_reason()
    {
        StackProgram[] programs =
            [Shell("first", 0), Shell("second", 1) with { Prepare = _ => throw new InvalidOperationException("no room") }];
        var board = new StatusBoard(programs, folder.StatusFile, TimeProvider.System);

        var failure = await Assert.ThrowsAsync<StackException>(
            () => new Supervisor(programs, folder, board, TimeProvider.System).RunAsync(() => { }, CancellationToken.None));

        Assert.StartsWith("second does not start: no room", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["start first", "stop first"], Events());
        Assert.Equal(StackState.Failed, StackFolder.Read<StackStatus>(folder.StatusFile)!.State);
    }

    public void Dispose() => test.Dispose();

    private string[] Events() => File.Exists(Journal) ? File.ReadAllLines(Journal) : [];

    private StackProgram Shell(string name, int stage)
    {
        var script = $"""
            trap 'echo stop {name} >> {Journal}; exit' TERM
            echo start {name} >> {Journal}
            touch {test.Path}/$$.up
            while :; do sleep 0.05; done
            """;
        return new StackProgram(name, stage, "", new ServerCommand("/bin/sh", ["-c", script]), _ => Task.FromResult(IsUp(name)));
    }

    private bool IsUp(string name) =>
        PidRecord.ReadAll(folder.PidFolder).FirstOrDefault(record => record.Name == name) is { } record
        && File.Exists(Path.Combine(test.Path, record.Pid.ToString(CultureInfo.InvariantCulture) + ".up"));
}
