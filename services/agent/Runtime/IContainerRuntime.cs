using Mesh.Agent.Runtime.Shim;

namespace Mesh.Agent.Runtime;

/// <summary>A way to run containers. Starting and waiting is the shim's part and the same for all runtimes.</summary>
public interface IContainerRuntime
{
    /// <summary>`runc` or `process`: an attribute of the node.</summary>
    string Name { get; }

    /// <summary>One sentence for people: what isolates workloads on this node.</summary>
    string Description { get; }

    /// <summary>Whether images are unpacked with overlayfs whiteouts, or with whiteouts as the archive has them.</summary>
    bool UsesOverlay { get; }

    /// <summary>The folder that holds the unpacked layers, each named by its digest.</summary>
    string LayerFolder { get; }

    /// <summary>Writes what the container needs into its folder and says how the shim starts it.</summary>
    ShimSpec Prepare(ContainerSpec spec, ContainerFolder folder);

    /// <summary>Asks the container to end. A container that can only be ended by force is.</summary>
    void Terminate(string id, ContainerFolder folder);

    /// <summary>Ends every process of the container.</summary>
    void Kill(string id, ContainerFolder folder);

    /// <summary>Runs a command inside a running container and answers its exit code.</summary>
    Task<int> ExecuteAsync(string id, ContainerFolder folder, IReadOnlyList<string> command, CancellationToken cancellation);

    /// <summary>What the container uses now; null when it does not run.</summary>
    ContainerUsage? ReadUsage(string id, ContainerFolder folder);

    /// <summary>Removes every trace of a container, also of one that runs.</summary>
    Task RemoveAsync(string id, ContainerFolder folder, CancellationToken cancellation);

    /// <summary>The ids of all containers that left a trace on this host, for the removal of orphans.</summary>
    IReadOnlyCollection<string> Traces();
}
