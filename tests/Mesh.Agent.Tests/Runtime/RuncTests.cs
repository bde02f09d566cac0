using System.Globalization;
using Mesh.Agent.Allocations;
using Mesh.Agent.Runtime;
using Mesh.Agent.Runtime.Shim;
using Mesh.Agent.Tests.Allocations;
using Mesh.Agent.Tests.Testing;
using Mesh.Testing;

namespace Mesh.Agent.Tests.Runtime;

[Trait("Needs", "servers")]
public sealed class RuncTests : IAsyncLifetime
{
    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync();

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Theory]
    [InlineData("exit 0", AllocationPhase.Stopped, 0)]
    [InlineData("exit 7", AllocationPhase.Failed, 7)]
    [InlineData("kill -9 $$; sleep 5 & kill -9 $!; exit 3", AllocationPhase.Failed, 3)]
    public async Task The_exit_code_is_known(string script, AllocationPhase phase, int code)
    {
        var allocation = await node.RunToEndAsync(Shell(script));

        Assert.Equal(phase, allocation.Phase);
        Assert.Equal(code, allocation.ExitCode);
    }

    [Fact]
    public async Task Output_is_kept_with_its_stream_and_long_lines_in_parts()
    {
        var allocation = await node.RunToEndAsync(Shell("echo out; echo err >&2; head -c 20000 /dev/zero; echo end"));
        var log = node.Log(allocation.Spec.Uid);

        Assert.Contains("stdout F out", log);
        Assert.Contains("stderr F err", log);
        Assert.Single(log, line => line.StartsWith("stdout P ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_container_sees_its_own_world()
    {
        var spec = Shell("echo $0 $PORT $MESH_APP $MESH_PROCESS $FROM; id -u; id -G; cat /proc/1/comm; ls /proc/self/ns >/dev/null; ls /; cat /etc/hosts; cat /proc/self/status") with
        {
            User = "app",
            Environment = new Dictionary<string, string> { ["FROM"] = "workload" },
        };
        var log = node.Log((await node.RunToEndAsync(spec)).Spec.Uid);

        Assert.Contains("stdout F /bin/sh shop web workload", log);
        Assert.Contains("stdout F 1234", log);
        Assert.Contains("stdout F 1235 77", log);
        Assert.Contains("stdout F NoNewPrivs:\t1", log);
        Assert.Contains("stdout F CapEff:\t0000000000000000", log);
        Assert.Contains("stdout F Seccomp:\t2", log);
    }

    [Fact]
    public async Task More_memory_than_allowed_is_reported_as_such()
    {
        var allocation = await node.RunToEndAsync(Specs.Worker(node.Image, "/usr/bin/tail", "/dev/zero"));

        Assert.True(allocation.OomKilled);
        Assert.Equal(137, allocation.ExitCode);
        Assert.Contains("64 MiB", allocation.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fork_bomb_ends_at_the_limit_of_processes()
    {
        var allocation = await node.RunToEndAsync(Shell("i=0; while [ $i -lt 200 ]; do sleep 20 & i=$((i+1)); done; exit 0"));

        Assert.NotEqual(0, allocation.ExitCode);
    }

    [Fact]
    public async Task A_process_that_handles_the_signal_ends_by_itself_and_one_that_ignores_it_is_killed()
    {
        var polite = Shell("trap 'echo bye; exit 0' TERM; echo ready; while true; do sleep 0.05; done");
        var deaf = Shell("trap '' TERM; echo ready; while true; do sleep 0.05; done") with { Grace = TimeSpan.FromSeconds(1) };
        var plain = Specs.Worker(node.Image, "/bin/sleep", "1000") with { Grace = TimeSpan.FromMinutes(5) };
        foreach (var spec in (AllocationSpec[])[polite, deaf, plain]) await node.RunAsync(spec, IsRunning);
        foreach (var spec in (AllocationSpec[])[polite, deaf]) await LogHolds(spec.Uid, "stdout F ready");

        Assert.Equal(0, (await node.StopAsync(polite.Uid)).ExitCode);
        Assert.Contains("stdout F bye", node.Log(polite.Uid));
        Assert.Equal(137, (await node.StopAsync(deaf.Uid)).ExitCode);
        Assert.Equal(137, (await node.StopAsync(plain.Uid)).ExitCode);
    }

    [Fact]
    public async Task Containers_survive_the_agent_and_the_next_one_knows_what_happened_meanwhile()
    {
        var stays = Shell("echo $$; while true; do sleep 0.05; done");
        var ends = Shell("sleep 1; exit 9") with { RunsToCompletion = true, Restart = new(0, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)) };
        var before = await node.RunAsync(stays, IsRunning);
        await node.RunAsync(ends, allocation => IsRunning(allocation) || allocation.IsFinal);
        await node.StopAgentAsync();
        await Wait.UntilAsync("it has ended", () => !ShimLock.IsHeld(node.Folder(ends.Uid)));
        await node.StartAgentAsync();

        Assert.Equal(9, (await node.WaitAsync(ends.Uid, allocation => allocation.IsFinal)).ExitCode);
        var after = await node.WaitAsync(stays.Uid, IsRunning);
        Assert.Equal(before.StartTime, after.StartTime);
        Assert.Equal(0, after.Restarts);
    }

    [Fact]
    public async Task A_container_that_lost_its_supervisor_is_started_anew()
    {
        var spec = Shell("while true; do sleep 0.05; done");
        var before = await node.RunAsync(spec, IsRunning);
        Linux.Kill(Parent(Started(spec.Uid).ProcessId), Linux.SigKill);
        var after = await node.WaitAsync(spec.Uid, allocation => allocation is { Phase: AllocationPhase.Running, Restarts: 1 });

        Assert.NotEqual(before.StartTime, after.StartTime);
    }

    [Fact]
    public async Task What_has_no_record_is_removed_at_start()
    {
        var spec = Shell("while true; do sleep 0.05; done");
        await node.RunAsync(spec, IsRunning);
        var process = Started(spec.Uid).ProcessId;
        await node.StopAgentAsync();
        File.Delete(node.Folder(spec.Uid).Record);
        await node.StartAgentAsync();

        await Wait.UntilAsync("its process is gone", () => !Directory.Exists($"/proc/{process}"));
        Assert.False(Directory.Exists(node.Folder(spec.Uid).Path));
        Assert.DoesNotContain(spec.Uid, node.Runtime.Traces());
        Assert.DoesNotContain(File.ReadLines("/proc/mounts"), line => line.Contains(spec.Uid, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_listening_process_gets_a_port_and_is_healthy_when_it_accepts()
    {
        var allocation = await node.RunAsync(Server(), candidate => candidate.Healthy);
        using var client = new HttpClient();

        Assert.Equal("hello", await client.GetStringAsync(new Uri($"http://127.0.0.1:{allocation.Port}/")));
        Assert.True(node.Runtime.ReadUsage(allocation.Spec.Uid, node.Folder(allocation.Spec.Uid)) is { MemoryBytes: > 0, Processes: >= 1, CpuSeconds: > 0 });
    }

    [Fact]
    public async Task Checks_by_http_and_command_see_what_is_wrong()
    {
        var check = Specs.Service().Health with { Kind = HealthCheckKind.Http, Path = "/missing" };
        var missing = Server() with { Health = check };
        var fine = Server() with { Health = check with { Path = "/" } };
        var command = Shell("sleep 1000") with { Health = check with { Kind = HealthCheckKind.Exec, Command = ["/bin/cat", "/etc/passwd"] } };
        var wrong = Shell("sleep 1000") with { Health = check with { Kind = HealthCheckKind.Exec, Command = ["/bin/cat", "/etc/nothing"] } };
        foreach (var spec in (AllocationSpec[])[missing, fine, command, wrong]) node.Allocations.Run(spec);

        await node.WaitAsync(fine.Uid, allocation => allocation.Healthy);
        await node.WaitAsync(command.Uid, allocation => allocation.Healthy);
        await node.WaitAsync(missing.Uid, allocation => allocation.Message.Contains("404", StringComparison.Ordinal));
        await node.WaitAsync(wrong.Uid, allocation => allocation.Message.Contains("exit code 1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_cannot_start_says_why()
    {
        var missing = await node.RunToEndAsync(Specs.Worker(node.Image, "/bin/nothing"));
        var user = await node.RunToEndAsync(Shell("exit 0") with { User = "nobody-here" });

        Assert.Contains("/bin/nothing", missing.Message, StringComparison.Ordinal);
        Assert.Contains("nobody-here", user.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_run_begins_with_the_image_as_it_was()
    {
        var spec = Shell("ls /mark 2>/dev/null && echo dirty || echo clean; echo x > /mark; exit 1") with { Restart = Specs.Service().Restart with { Attempts = 2 } };
        await node.RunAsync(spec, allocation => allocation.IsFinal);

        Assert.Equal(3, node.Log(spec.Uid).Count(line => line == "stdout F clean"));
    }

    [Fact]
    public async Task A_forgotten_allocation_leaves_nothing()
    {
        var spec = Shell("exit 0");
        await node.RunToEndAsync(spec);
        await node.Allocations.ForgetAsync(spec.Uid, default);
        await Wait.UntilAsync("nothing is left", () => !Directory.Exists(node.Folder(spec.Uid).Path) && node.Runtime.Traces().Count == 0);
    }

    private static bool IsRunning(Allocation allocation) => allocation.Phase == AllocationPhase.Running;

    private AllocationSpec Shell(string script) => Specs.Worker(node.Image, "/bin/sh", "-c", script);

    private AllocationSpec Server() => Specs.Service(node.Image, "/usr/bin/perl", "-MIO::Socket", "-e", """
        my $s = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 50, ReuseAddr => 1) or die $!;
        while (my $c = $s->accept) {
            my $line = <$c>; next unless defined $line;
            while (my $h = <$c>) { last if $h =~ /^\r?\n$/ }
            print $c $line =~ m{^GET / } ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
                : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            close $c;
        }
        """);

    private Task LogHolds(string uid, string line) => Wait.UntilAsync($"the log holds {line}", () => node.Log(uid).Contains(line));

    private ShimStart Started(string uid) => ShimFiles.Read(node.Folder(uid).Started, ShimJson.Default.ShimStart)!;

    private static int Parent(int process) => int.Parse(
        File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("PPid:", StringComparison.Ordinal))[5..], CultureInfo.InvariantCulture);
}
