using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Paging;
using Mesh.Scheduler.Placement;

namespace Mesh.Scheduler.Nodes;

/// <summary>Nodes as the contract shows them.</summary>
public static class NodeMapping
{
    public static V1.Node ToWire(this Node node) => new()
    {
        Name = node.Name.ToString(),
        Attributes = { node.Attributes },
        Capacity = node.Total.ToWire(),
        Reserved = node.Reserved.ToWire(),
        State = node is { State: NodeState.Ready, Draining: true } ? NodeState.Draining : node.State,
        Schedulable = node.Closed is null,
        HeartbeatTime = node.HeartbeatTime.ToTimestamp(),
        CreateTime = node.CreateTime.ToTimestamp(),
        Allocations = node.Allocations,
        Version = node.Version,
        Etag = ETag.Of(node.Etag),
    };

    private static V1.Node.Types.Capacity ToWire(this Capacity capacity) => new()
    {
        CpuMillis = (int)Math.Min(capacity.CpuMillis, int.MaxValue),
        MemoryBytes = capacity.MemoryBytes,
        DiskBytes = capacity.DiskBytes,
    };
}
