using Grpc.Core;
using Mesh.Scheduler.V1;
using Mesh.Testing;
using State = Mesh.Scheduler.V1.Workload.Types.State;

namespace Mesh.Scheduler.Tests.Service;

[Trait("Needs", "servers")]
public sealed class RolloutServiceTests : IClassFixture<SchedulerFixture>
{
    private readonly SchedulerFixture _mesh;

    public RolloutServiceTests(SchedulerFixture mesh) => _mesh = mesh;

    [Fact]
    public async Task A_workload_is_placed_runs_is_routed_is_replaced_and_stops()
    {
        const string name = "tenants/acme/workloads/shop-web";
        var agent = await _mesh.AgentAsync("life");
        var router = await _mesh.RouterAsync("life");

        var applied = await _mesh.ApplyAsync(name, Specs.Web(count: 2, nodes: "life"));
        Assert.Equal((1L, State.Pending), (applied.Revision, applied.State));
        var running = await _mesh.UntilAsync(name, State.Running);
        Assert.Equal((2, 2), (running.Rollout.Healthy, running.Rollout.Updated));
        Assert.Empty(running.Spec.Template.Env);
        Assert.Equal(2, router.Table[name].Count);
        Assert.True(running.EndpointsGeneration > 0 && running.EndpointsGeneration <= router.Generation);
        var first = agent.Assignments.Values.First();
        Assert.Equal(("1", "a secret", "shop"), (first.Template.Env["VERSION"], first.Template.Env["PASSWORD"], first.Labels["app"]));

        // The router holds back: the new one may start, the old one must not stop.
        router.Acknowledges = false;
        var next = Specs.Web(count: 2, version: "2", nodes: "life");
        next.Template.Image = $"acme/shop@sha256:{new string('b', 64)}";
        var second = await _mesh.ApplyAsync(name, next);
        Assert.Equal((2L, State.Pending), (second.Revision, second.State));
        await Wait.UntilAsync("a new allocation is in the router's table", () => router.Table[name].Count == 3);
        Assert.DoesNotContain(agent.Assignments.Values, a => a.Desired != Allocation.Types.Desired.Run);
        Assert.All(await _mesh.AllocationsAsync(name), a =>
            Assert.Equal(a.Revision == 1 ? applied.Spec.Template.Image : next.Template.Image, a.Image));

        router.Acknowledges = true;
        await router.AcknowledgeAsync();
        await _mesh.UntilAsync(name, State.Running);
        Assert.All(await _mesh.AllocationsAsync(name), a => Assert.Equal(2, a.Revision));
        await Wait.UntilAsync("the ended ones are forgotten", () => agent.Forgotten.Count == 2);

        await _mesh.Workloads.StopWorkloadAsync(new StopWorkloadRequest { Name = name }, SchedulerFixture.Headers);
        await Wait.UntilAsync("the workload is gone", async () =>
        {
            try
            {
                await _mesh.GetAsync(name);
                return false;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
            {
                return true;
            }
        });
        await Wait.UntilAsync("the router's table is empty", () => router.Table[name].Count == 0);
        await _mesh.Workloads.StopWorkloadAsync(new StopWorkloadRequest { Name = name }, SchedulerFixture.Headers);
    }

    [Fact]
    public async Task The_same_spec_changes_nothing_and_a_stale_etag_is_refused()
    {
        const string name = "tenants/acme/workloads/same";
        var first = await _mesh.ApplyAsync(name, Specs.Web(count: 0));
        var again = await _mesh.ApplyAsync(name, Specs.Web(count: 0));
        Assert.Equal((first.Uid, first.Etag, 1L), (again.Uid, again.Etag, again.Revision));
        var scaled = await _mesh.ApplyAsync(name, Specs.Web(count: 1, cpuMillis: 100));
        Assert.Equal(1, scaled.Revision);
        Assert.NotEqual(first.Etag, scaled.Etag);
        var stale = new ApplyWorkloadRequest { Workload = new() { Name = name, Spec = Specs.Web(), Etag = first.Etag } };
        var error = await Assert.ThrowsAsync<RpcException>(async () => await _mesh.Workloads.ApplyWorkloadAsync(stale, SchedulerFixture.Headers));
        Assert.Equal(StatusCode.Aborted, error.StatusCode);
        await _mesh.ApplyAsync(name, Specs.Web(count: 0));
    }

    [Fact]
    public async Task A_repeated_request_is_answered_as_the_first_was()
    {
        const string name = "tenants/acme/workloads/repeated";
        var request = new ApplyWorkloadRequest
        {
            Workload = new() { Name = name, Spec = Specs.Web(count: 0) }, RequestId = Guid.NewGuid().ToString(),
        };
        var first = await _mesh.Workloads.ApplyWorkloadAsync(request, SchedulerFixture.Headers);
        await _mesh.ApplyAsync(name, Specs.Web(count: 0, version: "2"));
        var again = await _mesh.Workloads.ApplyWorkloadAsync(request, SchedulerFixture.Headers);
        Assert.Equal(first, again);
        Assert.Equal(2, (await _mesh.GetAsync(name)).Revision);
    }

    [Fact]
    public async Task What_cannot_be_placed_says_why_and_is_placed_when_there_is_room()
    {
        const string name = "tenants/acme/workloads/large";
        await _mesh.ApplyAsync(name, Specs.Web(cpuMillis: 30_000, nodes: "large"));
        var waiting = await _mesh.GetAsync(name);
        await Wait.UntilAsync("it is unplaced", async () => (waiting = await _mesh.GetAsync(name)).Rollout.Unplaced == 1);
        Assert.Contains("cannot be placed", waiting.Message, StringComparison.Ordinal);
        await _mesh.AgentAsync("large", cpuMillis: 64_000);
        await _mesh.UntilAsync(name, State.Running);
        var plan = await _mesh.Workloads.PlanWorkloadAsync(
            new PlanWorkloadRequest { Workload = new() { Name = name, Spec = Specs.Web(count: 2, cpuMillis: 30_000, nodes: "large") } },
            SchedulerFixture.Headers);
        Assert.Equal("nodes/large", Assert.Single(plan.Placements).Node);
        Assert.Contains(plan.Placements[0].Verdicts, v => v.Node == "nodes/large" && v.Filtered == "" && v.Scores.Count > 0);
    }

    [Fact]
    public async Task A_wrong_spec_names_every_violation()
    {
        var spec = Specs.Web(count: -1);
        spec.Template.Image = "latest";
        spec.Template.MetricsPath = "//10.0.0.5/metrics";
        spec.Template.HealthCheck = new() { Http = new() { Path = "/\n" } };
        spec.Kind = WorkloadKind.Cron;
        var error = await Assert.ThrowsAsync<RpcException>(() => _mesh.ApplyAsync("tenants/acme/workloads/wrong", spec));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains("workload.spec.count", error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("workload.spec.template.image", error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("workload.spec.template.metrics_path", error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("workload.spec.template.health_check.http.path", error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("workload.spec.kind", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_shows_a_snapshot_and_then_each_change()
    {
        const string name = "tenants/acme/workloads/watched";
        await _mesh.AgentAsync("watched");
        await _mesh.ApplyAsync(name, Specs.Web(count: 0));
        await _mesh.UntilAsync(name, State.Stopped);
        using var all = _mesh.Workloads.WatchWorkloads(new WatchWorkloadsRequest(), SchedulerFixture.Headers);
        while (await all.ResponseStream.MoveNext(default) && !all.ResponseStream.Current.SnapshotComplete)
        {
        }
        using var one = _mesh.Workloads.WatchWorkload(new WatchWorkloadRequest { Name = name }, SchedulerFixture.Headers);
        Assert.True(await one.ResponseStream.MoveNext(default));
        Assert.Equal(State.Stopped, one.ResponseStream.Current.Workload.State);
        await _mesh.ApplyAsync(name, Specs.Web(count: 1, nodes: "watched"));
        while (await one.ResponseStream.MoveNext(default) && one.ResponseStream.Current.Workload.State != State.Running)
        {
        }
        Assert.True(Assert.Single(one.ResponseStream.Current.Allocations).Healthy);
        while (await all.ResponseStream.MoveNext(default)
            && (all.ResponseStream.Current.Workload?.Name != name || all.ResponseStream.Current.Workload.State != State.Running))
        {
        }
        await _mesh.Workloads.StopWorkloadAsync(new StopWorkloadRequest { Name = name }, SchedulerFixture.Headers);
        while (await all.ResponseStream.MoveNext(default) && all.ResponseStream.Current.Deleted != name)
        {
        }
        await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await one.ResponseStream.MoveNext(default))
            {
            }
        });
    }
}
