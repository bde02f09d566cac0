using Mesh.Agent.Runtime;
using Mesh.Agent.Runtime.Shim;

namespace Mesh.Agent.Tests.Testing;

/// <summary>A runtime with a container of nobody, which cannot be removed.</summary>
internal sealed class StuckRuntime(IContainerRuntime runtime, string stuck) : IContainerRuntime
{
    public string Name => runtime.Name;

    public string Description => runtime.Description;

    public bool UsesOverlay => runtime.UsesOverlay;

    public string LayerFolder => runtime.LayerFolder;

    public ShimSpec Prepare(ContainerSpec spec, ContainerFolder folder) => runtime.Prepare(spec, folder);

    public void Terminate(string id, ContainerFolder folder) => runtime.Terminate(id, folder);

    public void Kill(string id, ContainerFolder folder) => runtime.Kill(id, folder);

    public Task<int> ExecuteAsync(string id, ContainerFolder folder, IReadOnlyList<string> command, CancellationToken cancellation) =>
        runtime.ExecuteAsync(id, folder, command, cancellation);

    public ContainerUsage? ReadUsage(string id, ContainerFolder folder) => runtime.ReadUsage(id, folder);

    public Task RemoveAsync(string id, ContainerFolder folder, CancellationToken cancellation) =>
        id == stuck ? throw new IOException("The device is busy.") : runtime.RemoveAsync(id, folder, cancellation);

    public IReadOnlyCollection<string> Traces() => [.. runtime.Traces(), stuck];
}
