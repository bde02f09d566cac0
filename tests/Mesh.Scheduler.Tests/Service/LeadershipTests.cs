using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Scheduler.V1;
using Mesh.Testing;
using Npgsql;
using State = Mesh.Scheduler.V1.Workload.Types.State;

namespace Mesh.Scheduler.Tests.Service;

[Trait("Needs", "servers")]
public sealed class LeadershipTests : IClassFixture<SchedulerFixture>
{
    private readonly SchedulerFixture _mesh;

    public LeadershipTests(SchedulerFixture mesh) => _mesh = mesh;

    [Fact]
    public async Task A_leader_that_was_shut_out_ends_its_streams_and_leads_anew()
    {
        const string name = "tenants/acme/workloads/fenced";
        var agent = await _mesh.AgentAsync("fenced");
        await _mesh.ApplyAsync(name, Specs.Web(nodes: "fenced"));
        await _mesh.UntilAsync(name, State.Running);
        await using (var connection = new NpgsqlConnection(_mesh.Environment["MESH_POSTGRES"]))
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("update scheduler.leader set fence = fence + 1", connection);
            await command.ExecuteNonQueryAsync();
        }
        await Wait.UntilAsync("the stream has ended", () => agent.End is not null);
        Assert.Equal(StatusCode.Unavailable, agent.End!.StatusCode);
        await agent.ConnectAsync();
        await _mesh.ApplyAsync(name, Specs.Web(version: "2", nodes: "fenced"));
        Assert.Equal(2, (await _mesh.UntilAsync(name, State.Running)).Revision);
    }

    [Fact]
    public async Task Without_Consul_nobody_leads_and_a_Consul_that_lost_its_data_gets_a_leader_again()
    {
        const string name = "tenants/acme/workloads/forgotten";
        var agent = await _mesh.AgentAsync("forgotten");
        await _mesh.ApplyAsync(name, Specs.Web(nodes: "forgotten"));
        await _mesh.UntilAsync(name, State.Running);
        var allocation = Assert.Single(await _mesh.AllocationsAsync(name));
        await _mesh.Consul.KillAsync();
        await Wait.UntilAsync("the stream has ended", () => agent.End is not null);
        Assert.Equal(StatusCode.Unavailable, agent.End!.StatusCode);

        // It counts from the beginning again.
        await _mesh.Consul.StartAgainAsync();
        await agent.ConnectAsync();
        await _mesh.ApplyAsync(name, Specs.Web(version: "2", nodes: "forgotten"));
        Assert.Equal(2, (await _mesh.UntilAsync(name, State.Running)).Revision);
        Assert.DoesNotContain(await _mesh.AllocationsAsync(name), a => a.Name == allocation.Name);
    }

    [Fact]
    public async Task Without_PostgreSQL_nobody_leads_and_when_it_is_back_all_goes_on()
    {
        const string name = "tenants/acme/workloads/stored";
        var agent = await _mesh.AgentAsync("stored");
        await _mesh.ApplyAsync(name, Specs.Web(nodes: "stored"));
        await _mesh.UntilAsync(name, State.Running);
        var running = agent.Assignments.Keys.Single();
        var process = _mesh.Scheduler.Id;
        await _mesh.SetDatabaseAsync(away: true);
        await Wait.UntilAsync("the stream has ended", () => agent.End is not null);

        await _mesh.SetDatabaseAsync(away: false);
        await agent.ConnectAsync();
        await Wait.UntilAsync("it answers again", async () =>
        {
            try
            {
                return (await _mesh.GetAsync(name)).State == State.Running;
            }
            catch (RpcException)
            {
                return false;
            }
        });
        await Wait.UntilAsync("the agent knows what it runs", () => agent.Assignments.ContainsKey(running));
        // What changes from now on is heard: the scheduler listens again.
        await _mesh.ApplyAsync(name, Specs.Web(version: "2", nodes: "stored"));
        Assert.Equal(2, (await _mesh.UntilAsync(name, State.Running)).Revision);
        Assert.Equal(process, _mesh.Scheduler.Id);
    }

    [Fact]
    public async Task A_leader_that_is_stopped_ends_its_streams_as_unavailable_and_leaves_without_an_error()
    {
        var agent = await _mesh.AgentAsync("left");
        var router = await _mesh.RouterAsync("left");
        using var watch = _mesh.Workloads.WatchWorkloads(new WatchWorkloadsRequest(), SchedulerFixture.Headers);
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal(0, await _mesh.Scheduler.StopAsync());
        await Wait.UntilAsync("the agent's stream has ended", () => agent.End is not null);
        Assert.Equal((StatusCode.Unavailable, "STOPPING"), (agent.End!.StatusCode, agent.End.Reason()));
        // What the tests before have done to it is none of its leaving.
        var leaving = _mesh.Scheduler.Output.Split('\n').SkipWhile(line => !line.Contains("\"Draining\"", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(leaving);
        Assert.DoesNotContain(leaving, line =>
            line.Contains("\"level\":\"error\"", StringComparison.Ordinal) || line.Contains("\"level\":\"fatal\"", StringComparison.Ordinal));

        // It has given the lock up: nobody waits for its session to run out.
        await _mesh.Scheduler.StartAgainAsync();
        await agent.ConnectAsync();
        await router.ConnectAsync();
    }

    [Fact]
    public async Task A_router_that_could_not_be_heard_while_nobody_led_is_waited_for()
    {
        const string name = "tenants/acme/workloads/unheard";
        var agent = await _mesh.AgentAsync("unheard");
        var router = await _mesh.RouterAsync("unheard");
        await _mesh.ApplyAsync(name, Specs.Web(nodes: "unheard"));
        await _mesh.UntilAsync(name, State.Running);
        router.Acknowledges = false;
        await _mesh.ApplyAsync(name, Specs.Web(version: "2", nodes: "unheard"));
        await Wait.UntilAsync("the new one is in the router's table", () => router.Table[name].Count == 2);
        Assert.Equal(0, await _mesh.Scheduler.StopAsync());
        await router.DisposeAsync();
        await agent.DisconnectAsync();
        await AnHourPassesAsync();

        await using (var other = await MeshProcess.StartAsync(
            "Mesh.Scheduler", new Dictionary<string, string>(_mesh.Environment) { ["MESH_SCHEDULER_ROUTER_GRACE_SECONDS"] = "600" }))
        {
            using var channel = SchedulerFixture.Channel(other);
            await using var again = new FakeAgent(new NodeService.NodeServiceClient(channel), "unheard", 4000);
            await again.ConnectAsync();
            // What was there is decided upon before what comes later.
            var workloads = new WorkloadService.WorkloadServiceClient(channel);
            const string later = "tenants/acme/workloads/unheard-later";
            var worker = Specs.Web(nodes: "unheard");
            worker.Template.Listens = false;
            await workloads.ApplyWorkloadAsync(new ApplyWorkloadRequest { Workload = new() { Name = later, Spec = worker } }, SchedulerFixture.Headers);
            await Wait.UntilAsync("that runs", async () =>
                (await workloads.GetWorkloadAsync(new GetWorkloadRequest { Name = later }, SchedulerFixture.Headers)).Workload.State == State.Running);
            var allocations = await workloads.ListAllocationsAsync(new ListAllocationsRequest { Parent = name }, SchedulerFixture.Headers);
            Assert.Equal([Allocation.Types.Desired.Run, Allocation.Types.Desired.Run], allocations.Allocations.Select(a => a.Desired));
        }
        await _mesh.Scheduler.StartAgainAsync();
    }

    private async Task AnHourPassesAsync()
    {
        await using var connection = new NpgsqlConnection(_mesh.Environment["MESH_POSTGRES"]);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            """
            update scheduler.routers set connected = false, seen_time = seen_time - interval '1 hour';
            update scheduler.nodes set heartbeat_time = heartbeat_time - interval '1 hour';
            """, connection);
        await command.ExecuteNonQueryAsync();
    }

    [Fact]
    public async Task Another_scheduler_takes_writes_refuses_streams_and_takes_over()
    {
        const string name = "tenants/acme/workloads/taken-over";
        await using var other = await MeshProcess.StartAsync("Mesh.Scheduler", _mesh.Environment);
        using var channel = SchedulerFixture.Channel(other);
        await using var agent = new FakeAgent(new NodeService.NodeServiceClient(channel), "taken-over", 4000);
        await (await _mesh.AgentAsync("elsewhere")).DisconnectAsync();
        using (var refused = new EndpointService.EndpointServiceClient(channel).Connect(SchedulerFixture.Headers))
        {
            var refusal = await Assert.ThrowsAsync<RpcException>(() => refused.ResponseStream.MoveNext(default));
            Assert.Equal((StatusCode.Unavailable, "NOT_LEADER"), (refusal.StatusCode, refusal.Reason()));
        }

        // Written there, carried out by whoever leads.
        var workloads = new WorkloadService.WorkloadServiceClient(channel);
        await workloads.ApplyWorkloadAsync(
            new ApplyWorkloadRequest { Workload = new() { Name = name, Spec = Specs.Web(nodes: "taken-over") } }, SchedulerFixture.Headers);
        await Wait.UntilAsync("the leader has looked at it", async () => (await _mesh.GetAsync(name)).Rollout.Unplaced == 1);
        await _mesh.Scheduler.KillAsync();
        await agent.ConnectAsync();
        await Wait.UntilAsync("it runs", async () =>
            (await workloads.GetWorkloadAsync(new GetWorkloadRequest { Name = name }, SchedulerFixture.Headers)).Workload.State == State.Running);
        await _mesh.Scheduler.StartAgainAsync();
        await other.KillAsync();
    }
}
