using Mesh.Agent.Runtime.Shim;

namespace Mesh.Agent.Runtime;

/// <summary>
/// Plain processes, for a host without runc or an agent without root. Nothing is isolated and no limit is enforced: the
/// image's files are laid into a folder of the allocation, its command runs in there with the programs of the host.
/// </summary>
public sealed class ProcessRuntime(string layerFolder) : IContainerRuntime
{
    private const string HostPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

    public string Name => "process";

    public string Description => "Plain processes with the host's programs: no isolation and no limits, because runc or root is missing.";

    public bool UsesOverlay => false;

    public string LayerFolder => layerFolder;

    public ShimSpec Prepare(ContainerSpec spec, ContainerFolder folder)
    {
        RootfsCopy.Create([.. spec.Layers.Select(layer => Path.Combine(layerFolder, layer))], folder.Rootfs);
        var environment = spec.Environment.ToDictionary();
        environment["MESH_ROOTFS"] = folder.Rootfs;
        environment["PATH"] = HostPath;
        environment.TryAdd("HOME", folder.Rootfs);
        var directory = Inside(folder, spec.WorkingDirectory);
        Directory.CreateDirectory(directory);
        var program = spec.Arguments[0];
        if (program.StartsWith('/') && !File.Exists(program) && File.Exists(Inside(folder, program))) program = Inside(folder, program);
        // A session of its own makes the process the leader of a group, which is signalled as a whole.
        return new(null, ["setsid", program, .. spec.Arguments.Skip(1)], environment, directory, UsesPidFile: false, null, null);
    }

    public void Terminate(string id, ContainerFolder folder) => Signal(folder, Linux.SigTerm);

    public void Kill(string id, ContainerFolder folder) => Signal(folder, Linux.SigKill);

    public Task<int> ExecuteAsync(string id, ContainerFolder folder, IReadOnlyList<string> command, CancellationToken cancellation)
    {
        var spec = ShimFiles.Read(folder.ShimSpec, ShimJson.Default.ShimSpec) ?? throw new RuntimeException("The allocation does not run.");
        return ProgramRun.RunAsync(command[0], command.Skip(1), cancellation, spec.WorkingDirectory, spec.Environment);
    }

    public ContainerUsage? ReadUsage(string id, ContainerFolder folder)
    {
        var processes = Processes(folder);
        return processes.Count == 0
            ? null
            : new(processes.Sum(process => process.CpuSeconds), processes.Sum(process => process.MemoryBytes), processes.Sum(process => process.Threads));
    }

    public Task RemoveAsync(string id, ContainerFolder folder, CancellationToken cancellation)
    {
        Kill(id, folder);
        return Task.CompletedTask;
    }

    public IReadOnlyCollection<string> Traces() => [];

    private static void Signal(ContainerFolder folder, int signal)
    {
        foreach (var process in Processes(folder)) Linux.Kill(process.Id, signal);
    }

    // The session's number is taken for as long as it has a member. Once it had none it may be another's, all of whose
    // members are younger than ours; only a leader that is no longer ours is told by the time at which it began.
    private static IReadOnlyList<ProcessEntry> Processes(ContainerFolder folder)
    {
        if (ShimFiles.Read(folder.Started, ShimJson.Default.ShimStart) is not { } start) return [];
        var leader = ProcessTable.Read(start.ProcessId);
        if (leader is not null && leader.StartTicks != start.StartTicks) return [];
        return [.. ProcessTable.Read().Where(process => process.Session == start.ProcessId)];
    }

    // The path was taken from the image or the template; it stays below the allocation's folder whatever it says.
    private static string Inside(ContainerFolder folder, string path) =>
        folder.Rootfs + Path.GetFullPath("/" + path.TrimStart('/'));
}
