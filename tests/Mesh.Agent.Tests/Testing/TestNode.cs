using Mesh.Agent.Allocations;
using Mesh.Agent.Images;
using Mesh.Agent.Runtime;
using Mesh.Agent.Runtime.Shim;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.Agent.Tests.Testing;

/// <summary>The agent's parts on real containers, without a scheduler.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder data = new();
    private readonly string runtimeName;
    private HealthProbe? probe;
    private LayerStore? layers;

    private TestNode(string runtimeName) => this.runtimeName = runtimeName;

    public TestImageSource Images { get; } = new();

    public IContainerRuntime Runtime { get; private set; } = null!;

    public NodeAllocations Allocations { get; private set; } = null!;

    /// <summary>An image of a shell and some programs.</summary>
    public string Image { get; private set; } = "";

    public static async Task<TestNode> StartAsync(string runtime = "runc")
    {
        var node = new TestNode(runtime);
        node.Image = node.Images.Add([HostImage.Layer], new { Cmd = new[] { "/bin/sh" } }, gzip: false).ToString();
        await node.StartAgentAsync();
        return node;
    }

    public async Task StartAgentAsync(Func<IContainerRuntime, IContainerRuntime>? change = null)
    {
        Runtime = RuntimeChoice.Choose(runtimeName, data.Path);
        if (change is not null) Runtime = change(Runtime);
        var store = new AllocationStore(data["allocations"], NullLogger<AllocationStore>.Instance);
        layers = new(Images, data["images/downloads"], Runtime.LayerFolder, Runtime.UsesOverlay, new());
        layers.Clean();
        probe = new(Runtime, store);
        var parts = new AllocationParts(
            Runtime, new(Images, layers, data["images"]), store, new(), new(), probe, TimeProvider.System, NullLogger<AllocationRunner>.Instance);
        Allocations = new(parts, NullLogger<NodeAllocations>.Instance);
        await Allocations.AdoptAsync(default);
    }

    /// <summary>Ends the agent and nothing else, as a kill does.</summary>
    public async Task StopAgentAsync()
    {
        await Allocations.DisposeAsync();
        probe?.Dispose();
        if (layers is not null) await layers.DisposeAsync();
    }

    public async Task<Allocation> RunAsync(AllocationSpec spec, Func<Allocation, bool> until)
    {
        Allocations.Run(spec);
        return await WaitAsync(spec.Uid, until);
    }

    public Task<Allocation> RunToEndAsync(AllocationSpec spec) => RunAsync(spec with { RunsToCompletion = true, Restart = spec.Restart with { Attempts = 0 } }, allocation => allocation.IsFinal);

    public async Task<Allocation> StopAsync(string uid)
    {
        await Allocations.StopAsync(uid, default);
        return await WaitAsync(uid, allocation => allocation.IsFinal);
    }

    public async Task<Allocation> WaitAsync(string uid, Func<Allocation, bool> until)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var allocation = Allocations.All.FirstOrDefault(candidate => candidate.Spec.Uid == uid);
            if (allocation is not null && until(allocation)) return allocation;
            if (patience.IsCancellationRequested) throw new TimeoutException($"Allocation is {allocation?.Phase}: {allocation?.Message}");
            await Task.Delay(20);
        }
    }

    public ContainerFolder Folder(string uid) => new(data[$"allocations/{uid}"]);

    /// <summary>What the allocation printed, without the times.</summary>
    public IReadOnlyList<string> Log(string uid) =>
        [.. LogFiles.Numbers(Folder(uid).Logs).SelectMany(number => File.ReadLines(LogFiles.Path(Folder(uid).Logs, number))).Select(line => line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..])];

    public async ValueTask DisposeAsync()
    {
        await Allocations.SuspendAllAsync(new CancellationTokenSource(Patience).Token);
        await StopAgentAsync();
        data.Dispose();
    }
}
