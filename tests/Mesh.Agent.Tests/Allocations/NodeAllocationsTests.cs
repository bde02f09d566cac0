using Mesh.Agent.Allocations;
using Mesh.Agent.Runtime.Shim;
using Mesh.Agent.Tests.Testing;
using Mesh.Testing;

namespace Mesh.Agent.Tests.Allocations;

[Trait("Needs", "servers")]
public sealed class NodeAllocationsTests : IAsyncLifetime
{
    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync("process");

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task An_agent_that_was_killed_before_it_asked_for_an_end_asks_for_it_when_it_starts_again()
    {
        var running = await RunAsync("trap 'exit 7' TERM; echo ready; while true; do sleep 0.05; done");
        await node.StopAgentAsync();
        var noted = running with { Phase = AllocationPhase.Stopping, StopWanted = true, DueTime = DateTimeOffset.MaxValue };
        ShimFiles.Write(node.Folder(running.Spec.Uid).Record, noted, AllocationJson.Default.Allocation);

        await node.StartAgentAsync();
        var ended = await node.WaitAsync(running.Spec.Uid, allocation => allocation.IsFinal);
        Assert.Equal(7, ended.ExitCode);
    }

    [Fact]
    public async Task An_agent_that_asked_for_an_end_does_not_ask_again_when_it_starts_again()
    {
        var running = await RunAsync("trap 'echo asked' TERM; echo ready; while true; do sleep 0.05; done");
        var uid = running.Spec.Uid;
        await node.Allocations.StopAsync(uid, default);
        await Wait.UntilAsync("it is asked", () => node.Log(uid).Contains("stdout F asked"));
        await node.StopAgentAsync();
        await node.StartAgentAsync();

        // Killed when its grace is over.
        await node.WaitAsync(uid, allocation => allocation.IsFinal);
        Assert.Single(node.Log(uid), line => line == "stdout F asked");
    }

    [Fact]
    public async Task Where_nothing_can_be_written_an_agent_still_takes_up_what_runs()
    {
        var running = await RunAsync("echo ready; exec sleep 1000");
        await node.StopAgentAsync();
        // What the record is written to before it takes its place.
        var inTheWay = Directory.CreateDirectory(node.Folder(running.Spec.Uid).Record + ".tmp");

        await node.StartAgentAsync();
        Assert.Equal(running.StartTime, Assert.Single(node.Allocations.All).StartTime);
        inTheWay.Delete();
        Assert.True((await node.StopAsync(running.Spec.Uid)).IsFinal);
    }

    [Fact]
    public async Task An_orphan_that_cannot_be_removed_keeps_no_agent_from_what_runs()
    {
        var running = await RunAsync("echo ready; exec sleep 1000");
        await node.StopAgentAsync();

        await node.StartAgentAsync(runtime => new StuckRuntime(runtime, "orphan"));
        Assert.Equal(running.Spec.Uid, Assert.Single(node.Allocations.All).Spec.Uid);
    }

    [Fact]
    public async Task An_allocation_whose_life_is_over_holds_up_nobody_who_tells_it_something()
    {
        node.Allocations.MayRemove = _ => false;
        var uid = (await node.RunToEndAsync(Specs.Worker(node.Image, "/bin/true"))).Spec.Uid;
        using var patience = new CancellationTokenSource(Wait.Limit);
        for (var i = 0; i < 200; i++) await node.Allocations.ForgetAsync(uid, patience.Token);
        Assert.True(node.Allocations.Knows(uid));
    }

    private async Task<Allocation> RunAsync(string script)
    {
        var spec = Specs.Worker(node.Image, "/bin/sh", "-c", script);
        var running = await node.RunAsync(spec, allocation => allocation.Phase == AllocationPhase.Running);
        await Wait.UntilAsync("it is ready", () => node.Log(spec.Uid).Contains("stdout F ready"));
        return running;
    }
}
