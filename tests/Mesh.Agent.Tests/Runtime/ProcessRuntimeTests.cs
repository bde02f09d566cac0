using Mesh.Agent.Allocations;
using Mesh.Agent.Runtime;
using Mesh.Agent.Runtime.Shim;
using Mesh.Agent.Tests.Allocations;
using Mesh.Agent.Tests.Testing;
using Mesh.Testing;

namespace Mesh.Agent.Tests.Runtime;

[Trait("Needs", "servers")]
public sealed class ProcessRuntimeTests : IAsyncLifetime
{
    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync("process");

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task The_image_lies_in_a_folder_with_its_whiteouts_applied()
    {
        var image = node.Images.Add(
        [
            new TarBuilder().File("app/old", "1").File("app/kept", "2").File("gone/all", "3").Build(),
            new TarBuilder().File("app/.wh.old").File("gone/.wh..wh..opq").File("gone/new", "4").Build(),
        ]);
        var spec = Specs.Worker(image.ToString(), "/bin/sh", "-c", "ls . ../gone; cat kept; exit 4") with { WorkingDirectory = "/app" };
        var allocation = await node.RunToEndAsync(spec);

        Assert.Equal(4, allocation.ExitCode);
        Assert.Equal(["stdout F .:", "stdout F kept", "stdout F ", "stdout F ../gone:", "stdout F new", "stdout F 2"], node.Log(spec.Uid));
        Assert.Contains("no isolation", node.Runtime.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_whose_command_cannot_be_run_says_so()
    {
        var check = Specs.Service().Health with { Kind = HealthCheckKind.Exec, Command = ["/nowhere/program"] };
        var spec = Specs.Worker(node.Image, "/bin/sh", "-c", "sleep 1000") with { Health = check };
        await node.RunAsync(spec, allocation => allocation.Message.Contains("/nowhere/program", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stop_reaches_the_whole_family_and_a_new_agent_takes_it_up_before()
    {
        var spec = Specs.Worker(node.Image, "/bin/sh", "-c", "sleep 1000 & sleep 1000; exit 0");
        var before = await node.RunAsync(spec, allocation => allocation.Phase == AllocationPhase.Running);
        await node.StopAgentAsync();
        await node.StartAgentAsync();
        var after = await node.WaitAsync(spec.Uid, allocation => allocation.Phase == AllocationPhase.Running);
        Assert.Equal(before.StartTime, after.StartTime);
        var leader = ShimFiles.Read(node.Folder(spec.Uid).Started, ShimJson.Default.ShimStart)!.ProcessId;
        await Wait.UntilAsync("all its family runs", () => node.Runtime.ReadUsage(spec.Uid, node.Folder(spec.Uid)) is { Processes: >= 3, MemoryBytes: > 0 });

        Assert.True((await node.StopAsync(spec.Uid)).IsFinal);
        await Wait.UntilAsync("nobody of it is left", () => !ProcessTable.Read().Any(process => process.Session == leader));
    }
}
