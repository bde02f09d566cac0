using System.Globalization;
using Mesh.Agent.Tests.Testing;
using Mesh.Scheduler.V1;
using Mesh.Testing;
using Desired = Mesh.Scheduler.V1.Allocation.Types.Desired;
using State = Mesh.Scheduler.V1.Allocation.Types.State;

namespace Mesh.Agent.Tests.Program;

/// <summary>The agent as a process of its own, with real containers, through its contracts alone.</summary>
[Trait("Needs", "servers")]
public sealed class AgentProcessTests : IAsyncLifetime
{
    private readonly TemporaryFolder data = new();
    private readonly HttpClient http = new();
    private ControlPlane plane = null!;
    private MeshProcess agent = null!;
    private string image = "";

    public async Task InitializeAsync()
    {
        plane = await ControlPlane.StartAsync();
        image = plane.Images.Add([HostImage.Layer], gzip: false).ToString();
        agent = await MeshProcess.StartAsync("Mesh.Agent", new Dictionary<string, string>
        {
            ["MESH_CONSUL"] = plane.Consul.ToString(),
            ["MESH_CLUSTER_KEY"] = plane.ClusterKey,
            ["MESH_DATA"] = data.Path,
            ["MESH_AGENT_ID"] = "node-1",
            ["MESH_AGENT_ZONE"] = "here",
            ["MESH_AGENT_ON_STOP"] = "stop",
            ["MESH_AGENT_METRICS_SECONDS"] = "1",
        });
    }

    public async Task DisposeAsync()
    {
        await agent.StopAsync();
        await agent.DisposeAsync();
        await plane.DisposeAsync();
        http.Dispose();
        data.Dispose();
    }

    [Fact]
    public async Task An_allocation_lives_through_crashes_of_all_around_it_and_its_telemetry_arrives_once()
    {
        var web = Web();
        plane.Scheduler.Assign(web);
        var status = await StatusAsync(web.Uid, State.Running, healthy: true);
        Assert.Equal("node-1", plane.Scheduler.Hello!.NodeId);
        Assert.Equal("runc", plane.Scheduler.Hello.Attributes["runtime"]);
        Assert.Equal("here", plane.Scheduler.Hello.Attributes["zone"]);
        Assert.Equal("hello", await http.GetStringAsync(new Uri($"http://{status.Address}/")));

        await agent.KillAsync();
        Assert.Equal("hello", await http.GetStringAsync(new Uri($"http://{status.Address}/")));
        plane.Scheduler.Statuses.Clear();
        plane.Ingestion.SwallowsNextAck = true;
        await agent.StartAgainAsync();
        var adopted = await StatusAsync(web.Uid, State.Running, healthy: true);
        Assert.Equal((status.Address, status.StartTime, 0), (adopted.Address, adopted.StartTime, adopted.Restarts));

        foreach (var service in (string[])["scheduler", "registry", "ingestion"]) await plane.StopAsync(service);
        Assert.Equal("hello", await http.GetStringAsync(new Uri($"http://{status.Address}/")));
        await plane.StartAsync("ingestion");
        var connections = plane.Scheduler.Connections;
        await plane.StartAsync("scheduler");
        await Wait.UntilAsync("the agent is connected again", () => plane.Scheduler.Connections > connections);

        await Wait.UntilAsync("the application's metric is there", () => plane.Ingestion.Series.ContainsKey("tenants/acme app_requests_total"));
        await Wait.UntilAsync("the allocation's metric is there", () => plane.Ingestion.Series.ContainsKey("tenants/acme mesh_allocation_memory_bytes"));
        Assert.Contains(plane.Ingestion.Series["tenants/acme app_requests_total"].Labels, label => label is { Name: "app", Value: "shop" });
        var before = Ticks().Count;
        await Wait.UntilAsync("log lines go on", () => Ticks().Count > before + 20);
        var ticks = Ticks();
        Assert.Equal(Enumerable.Range(0, ticks.Count), ticks);
        Assert.True(plane.Ingestion.OthersAreOpened);
        Assert.Empty(plane.Ingestion.SentToAnother);

        web.Desired = Desired.Stop;
        plane.Scheduler.Assign(web);
        await StatusAsync(web.Uid, State.Stopped, healthy: false);
        plane.Scheduler.Forget(web.Uid);
        await Wait.UntilAsync("its folder is gone", () => !Directory.Exists(data[$"allocations/{web.Uid}"]));
    }

    [Fact]
    public async Task An_agent_that_is_slow_to_take_up_what_runs_sends_no_line_twice()
    {
        var web = Web();
        plane.Scheduler.Assign(web);
        await StatusAsync(web.Uid, State.Running, healthy: true);
        await Wait.UntilAsync("log lines arrive", () => Ticks().Count > 20);
        await agent.KillAsync();

        // An orphan, whose shim does not end: the agent waits some seconds for it before it takes up anything.
        Directory.CreateDirectory(data["allocations/orphan"]);
        await using (new FileStream(data["allocations/orphan/shim.lock"], FileMode.Create, FileAccess.ReadWrite, FileShare.None))
            await agent.StartAgainAsync();
        var before = Ticks().Count;
        await Wait.UntilAsync("log lines go on", () => Ticks().Count > before + 20);

        var ticks = Ticks();
        Assert.Equal(Enumerable.Range(0, ticks.Count), ticks);
    }

    [Fact]
    public async Task What_the_scheduler_does_not_name_is_stopped_and_what_the_node_does_not_know_has_ended()
    {
        var web = Web();
        plane.Scheduler.Assign(web);
        await StatusAsync(web.Uid, State.Running, healthy: true);
        plane.Scheduler.Assignments.Clear();
        var unknown = Web();
        unknown.Desired = Desired.Stop;
        plane.Scheduler.Assignments[unknown.Uid] = unknown;
        await plane.StopAsync("scheduler");
        await plane.StartAsync("scheduler");

        await StatusAsync(unknown.Uid, State.Stopped, healthy: false);
        await Wait.UntilAsync("its folder is gone", () => !Directory.Exists(data[$"allocations/{web.Uid}"]));
    }

    [Fact]
    public async Task A_stop_of_the_agent_takes_its_allocations_with_it_and_a_start_brings_them_back()
    {
        var web = Web();
        plane.Scheduler.Assign(web);
        var status = await StatusAsync(web.Uid, State.Running, healthy: true);
        Assert.Equal(0, await agent.StopAsync());
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync(new Uri($"http://{status.Address}/")));
        plane.Scheduler.Statuses.Clear();
        await agent.StartAgainAsync();

        Assert.NotEqual(status.StartTime, (await StatusAsync(web.Uid, State.Running, healthy: true)).StartTime);
    }

    private async Task<AllocationStatus> StatusAsync(string uid, State state, bool healthy)
    {
        AllocationStatus? status = null;
        await Wait.UntilAsync(
            $"{uid} is {state}",
            () => plane.Scheduler.Statuses.TryGetValue(uid, out status) && status.State == state && status.Healthy == healthy);
        return status!;
    }

    private IReadOnlyList<int> Ticks() =>
        [.. plane.Ingestion.Logs.Where(log => log.Body.StartsWith("tick ", StringComparison.Ordinal)).Select(log => int.Parse(log.Body.AsSpan(5), CultureInfo.InvariantCulture))];

    private Assignment Web()
    {
        var uid = Guid.CreateVersion7().ToString();
        return new()
        {
            Name = $"tenants/acme/workloads/shop-production-web/allocations/{uid}",
            Uid = uid,
            Desired = Desired.Run,
            Revision = 1,
            Labels = { ["app"] = "shop", ["deployment"] = "production", ["process"] = "web" },
            Template = new()
            {
                Image = image,
                Listens = true,
                Command = { "/usr/bin/perl", "-MIO::Socket", "-e", Script },
            },
        };
    }

    private const string Script = """
        $| = 1; $SIG{TERM} = sub { exit 0 };
        if (!fork) { for (my $i = 0; ; $i++) { print "tick $i\n"; select undef, undef, undef, 0.05 } }
        my $s = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 50, ReuseAddr => 1) or die $!;
        while (1) {
            my $c = $s->accept or next;
            my $line = <$c>; next unless defined $line;
            while (my $h = <$c>) { last if $h =~ /^\r?\n$/ }
            my $body = $line =~ m{^GET /metrics } ? "app_requests_total 1\n" : "hello";
            print $c "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body";
            close $c;
        }
        """;
}
