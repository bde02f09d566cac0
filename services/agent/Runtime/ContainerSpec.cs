namespace Mesh.Agent.Runtime;

/// <summary>All that a runtime must know to start one container.</summary>
/// <param name="Id">The allocation's uid.</param>
/// <param name="Layers">The names of the unpacked layers below the image store's layer folder, the lowest first.</param>
/// <param name="User">`name`, `uid`, `name:group` or `uid:gid`; empty means root.</param>
/// <param name="WorkingDirectory">An absolute path; empty means `/`.</param>
public sealed record ContainerSpec(
    string Id,
    IReadOnlyList<string> Layers,
    IReadOnlyList<string> Arguments,
    IReadOnlyDictionary<string, string> Environment,
    string User,
    string WorkingDirectory,
    string HostName,
    ContainerLimits Limits);

/// <summary>What a container may use.</summary>
/// <param name="CpuReservedMillis">Decides its share where the processor is contended.</param>
/// <param name="CpuLimitMillis">The most it may use; 0 means no limit.</param>
public sealed record ContainerLimits(int CpuReservedMillis, int CpuLimitMillis, long MemoryBytes, int Processes);

/// <summary>What a container uses at one moment.</summary>
public sealed record ContainerUsage(double CpuSeconds, long MemoryBytes, long Processes);
