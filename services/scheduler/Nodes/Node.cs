using Mesh.Common.Names;
using Mesh.Scheduler.Placement;

namespace Mesh.Scheduler.Nodes;

/// <summary>A node as it is stored, with what is reserved on it.</summary>
public sealed record Node
{
    public string Id { get; init; } = "";

    public NodeAttributes Attributes { get; init; } = [];

    public string Address { get; init; } = "";

    public string Version { get; init; } = "";

    public long CpuMillis { get; init; }

    public long MemoryBytes { get; init; }

    public long DiskBytes { get; init; }

    /// <summary>What its agent does: READY, DISCONNECTED or LOST.</summary>
    public NodeState State { get; init; }

    public bool Cordoned { get; init; }

    public bool Draining { get; init; }

    public long Etag { get; init; }

    public DateTimeOffset HeartbeatTime { get; init; }

    public DateTimeOffset CreateTime { get; init; }

    public long ReservedCpuMillis { get; init; }

    public long ReservedMemoryBytes { get; init; }

    public long ReservedDiskBytes { get; init; }

    public int Allocations { get; init; }

    public NodeName Name => new(Id);

    public Capacity Total => new(CpuMillis, MemoryBytes, DiskBytes);

    public Capacity Reserved => new(ReservedCpuMillis, ReservedMemoryBytes, ReservedDiskBytes);

    /// <summary>Why the node takes nothing new; null when it does.</summary>
    public string? Closed => this switch
    {
        { State: NodeState.Lost } => "lost",
        { State: NodeState.Disconnected } => "disconnected",
        { Draining: true } => "draining",
        { Cordoned: true } => "cordoned",
        _ => null,
    };
}

/// <summary>What an agent found out about its host.</summary>
public sealed class NodeAttributes : Dictionary<string, string>;
