using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Contracts;
using Mesh.Scheduler.V1;
using Mesh.Testing;
using Npgsql;
using State = Mesh.Scheduler.V1.Workload.Types.State;

namespace Mesh.Scheduler.Tests.Service;

[Trait("Needs", "servers")]
public sealed class NodeServiceTests : IClassFixture<SchedulerFixture>
{
    private readonly SchedulerFixture _mesh;

    public NodeServiceTests(SchedulerFixture mesh) => _mesh = mesh;

    [Fact]
    public async Task A_lost_node_is_replaced_and_what_was_replaced_does_not_come_back()
    {
        const string name = "tenants/acme/workloads/moving";
        var one = await _mesh.AgentAsync("lost-one");
        var spec = Specs.Web(nodes: "lost-.*");
        await _mesh.ApplyAsync(name, spec);
        await _mesh.UntilAsync(name, State.Running);
        var first = Assert.Single(await _mesh.AllocationsAsync(name));
        var two = await _mesh.AgentAsync("lost-two");
        await one.DisconnectAsync();
        // It is so for three seconds only, and then lost.
        await Wait.UntilAsync("the node is away", async () => await StateAsync("lost-one", null) is Node.Types.State.Disconnected or Node.Types.State.Lost);
        await Wait.UntilAsync("it is replaced on the other node", () => two.Assignments.Count == 1);
        Assert.Equal(Node.Types.State.Lost, await StateAsync("lost-one", Node.Types.State.Lost));
        await _mesh.UntilAsync(name, State.Running);

        await one.ConnectAsync();
        await Wait.UntilAsync("the node is ready", async () => await StateAsync("lost-one", null) == Node.Types.State.Ready);
        Assert.DoesNotContain(first.Uid, one.Assignments.Keys);
        // The agent stops it and says so; the scheduler has recorded its end long ago.
        await one.SayAsync(new AllocationStatus { Uid = first.Uid, State = Allocation.Types.State.Stopped });
        await Wait.UntilAsync("it is forgotten", () => one.Forgotten.ContainsKey(first.Uid));
        Assert.Single(await _mesh.AllocationsAsync(name));
    }

    [Fact]
    public async Task A_lost_node_that_nobody_could_replace_takes_its_work_up_again()
    {
        const string name = "tenants/acme/workloads/alone";
        var alone = await _mesh.AgentAsync("alone");
        var spec = Specs.Web(nodes: "alone");
        await _mesh.ApplyAsync(name, spec);
        await _mesh.UntilAsync(name, State.Running);
        var first = Assert.Single(await _mesh.AllocationsAsync(name));
        await alone.DisconnectAsync();
        await StateAsync("alone", Node.Types.State.Lost);
        await Wait.UntilAsync("it cannot be placed", async () => (await _mesh.GetAsync(name)).Rollout.Unplaced == 1);
        await alone.ConnectAsync();
        await _mesh.UntilAsync(name, State.Running);
        Assert.Equal(first.Uid, Assert.Single(await _mesh.AllocationsAsync(name)).Uid);
    }

    [Fact]
    public async Task The_late_end_of_an_old_stream_does_not_undo_the_new_one()
    {
        var agent = await _mesh.AgentAsync("again");
        await using var connection = new NpgsqlConnection(_mesh.Environment["MESH_POSTGRES"]);
        await connection.OpenAsync();
        // Whoever writes that a node is disconnected has to wait for us.
        await ExecuteAsync(connection, """
            create function scheduler.hold() returns trigger language plpgsql as $hold$
            begin
              if current_query() like '%update nodes set state =%disconnect_time =%' then perform pg_advisory_xact_lock_shared(4711); end if;
              return null;
            end $hold$;
            create trigger hold before update on scheduler.nodes for each statement execute function scheduler.hold();
            select pg_advisory_lock(4711);
            """);
        const string locks = "select count(*) from pg_locks where locktype = 'advisory' and objid = 4711 and pid <> pg_backend_pid()";
        try
        {
            await agent.DisconnectAsync();
            await Wait.UntilAsync("the end is about to be written", async () => await CountAsync(connection, locks + " and not granted") > 0);
            await agent.ConnectAsync();
        }
        finally
        {
            await ExecuteAsync(connection, "select pg_advisory_unlock(4711)");
        }
        await Wait.UntilAsync("the end was written", async () => await CountAsync(connection, locks) == 0);
        Assert.Equal(Node.Types.State.Ready, await StateAsync("again", null));
        await ExecuteAsync(connection, "drop function scheduler.hold() cascade");
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    [Fact]
    public async Task A_drain_moves_work_away_before_it_stops_it()
    {
        const string name = "tenants/acme/workloads/drained";
        var from = await _mesh.AgentAsync("drain-from");
        var spec = Specs.Web(nodes: "drain-.*");
        await _mesh.ApplyAsync(name, spec);
        await _mesh.UntilAsync(name, State.Running);
        var drained = await _mesh.Nodes.DrainNodeAsync(new DrainNodeRequest { Name = "nodes/drain-from" }, SchedulerFixture.Headers);
        Assert.Equal((Node.Types.State.Draining, false), (drained.Node.State, drained.Node.Schedulable));
        await Wait.UntilAsync("it waits for room", async () => (await _mesh.GetAsync(name)).Rollout.Unplaced == 1);
        Assert.Equal(Allocation.Types.Desired.Run, Assert.Single(from.Assignments.Values).Desired);
        var to = await _mesh.AgentAsync("drain-to");
        await Wait.UntilAsync("it has moved", () => to.Assignments.Count == 1 && from.Forgotten.Count == 1);
        await _mesh.UntilAsync(name, State.Running);
        var back = await _mesh.Nodes.UncordonNodeAsync(new UncordonNodeRequest { Name = "nodes/drain-from" }, SchedulerFixture.Headers);
        Assert.True(back.Node.Schedulable);
    }

    [Fact]
    public async Task What_a_node_may_not_say_of_itself_is_refused()
    {
        await RefusedAsync("hello.node_id", hello => hello.NodeId = "No Id");
        await RefusedAsync("hello.address", hello => hello.Address = "host.example");
        await RefusedAsync("hello.attributes", hello => hello.Attributes["zone"] = "z\0");
        await RefusedAsync("hello.attributes", hello => hello.Attributes["z\0"] = "z");
        await RefusedAsync("hello.version", hello => hello.Version = "\0");
        await RefusedAsync("hello.capacity", hello => hello.Capacity = new() { MemoryBytes = -1 });
    }

    [Fact]
    public async Task A_router_whose_id_cannot_be_kept_is_refused()
    {
        using var call = _mesh.Endpoints.Connect(SchedulerFixture.Headers);
        await call.RequestStream.TryWriteAsync(new() { Hello = new() { RouterId = "r\0" } });
        var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(default));
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
    }

    private async Task RefusedAsync(string field, Action<ConnectRequest.Types.Hello> change)
    {
        var hello = new ConnectRequest.Types.Hello { NodeId = "refused", Address = "10.0.0.1" };
        change(hello);
        using var call = _mesh.Nodes.Connect(SchedulerFixture.Headers);
        await call.RequestStream.TryWriteAsync(new() { Hello = hello });
        var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(default));
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Equal(field, Assert.Single(refused.Details()!.Detail<Google.Rpc.BadRequest>()!.FieldViolations).Field);
    }

    [Fact]
    public async Task A_newer_stream_ends_the_older_one()
    {
        var old = await _mesh.AgentAsync("twice");
        await _mesh.AgentAsync("twice");
        await Wait.UntilAsync("the older stream has ended", () => old.End is not null);
        Assert.Equal(StatusCode.Aborted, old.End!.StatusCode);
        Assert.Equal(Node.Types.State.Ready, await StateAsync("twice", Node.Types.State.Ready));
    }

    [Fact]
    public async Task An_allocation_that_keeps_failing_is_tried_again_and_says_why()
    {
        const string name = "tenants/acme/workloads/failing";
        var agent = await _mesh.AgentAsync("failing");
        agent.Behaviour = assignment => new AllocationStatus
        {
            Uid = assignment.Uid, State = Allocation.Types.State.Failed, Message = "The image is not there.", ExitCode = 1,
        };
        var spec = Specs.Web(nodes: "failing");
        // Attempts at once, after one second, three and seven.
        spec.Update = new UpdateStrategy { HealthyDeadline = new() { Seconds = 10 } };
        await _mesh.ApplyAsync(name, spec);
        var failed = await _mesh.UntilAsync(name, State.Failed);
        Assert.Contains("The image is not there.", failed.Message, StringComparison.Ordinal);
        Assert.InRange((await _mesh.AllocationsAsync(name, ended: true)).Count, 2, 4);
        Assert.Empty(await _mesh.AllocationsAsync(name));
    }

    [Fact]
    public async Task After_kill_9_the_scheduler_leads_again_and_nothing_is_restarted()
    {
        await using var mesh = new Owned(new SchedulerFixture());
        await mesh.Fixture.InitializeAsync();
        const string name = "tenants/acme/workloads/steady";
        var agent = await mesh.Fixture.AgentAsync("steady");
        var router = await mesh.Fixture.RouterAsync("steady");
        await mesh.Fixture.ApplyAsync(name, Specs.Web(count: 2));
        await mesh.Fixture.UntilAsync(name, State.Running);
        var before = agent.Assignments.Keys.Order().ToList();
        var generation = router.Generation;
        await mesh.Fixture.Scheduler.KillAsync();
        await Wait.UntilAsync("the agent knows", () => agent.End is not null);
        await mesh.Fixture.Scheduler.StartAgainAsync();
        await agent.ConnectAsync();
        await router.ConnectAsync();
        await mesh.Fixture.UntilAsync(name, State.Running);
        Assert.Equal(before, agent.Assignments.Keys.Order());
        Assert.True(router.Generation >= generation);
        Assert.Equal(2, router.Table[name].Count);
    }

    private async Task<Node.Types.State> StateAsync(string node, Node.Types.State? wanted)
    {
        var state = Node.Types.State.Unspecified;
        await Wait.UntilAsync($"{node} is {wanted}", async () =>
        {
            state = (await _mesh.Nodes.GetNodeAsync(new GetNodeRequest { Name = $"nodes/{node}" }, SchedulerFixture.Headers)).Node.State;
            return wanted is null || state == wanted;
        });
        return state;
    }

    private sealed record Owned(SchedulerFixture Fixture) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await Fixture.DisposeAsync();
    }
}
