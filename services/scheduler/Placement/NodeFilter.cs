namespace Mesh.Scheduler.Placement;

/// <summary>Says which nodes cannot take an allocation at all.</summary>
public static class NodeFilter
{
    /// <summary>Why the node is out of the question; null when it is not.</summary>
    public static string? Reject(PlacementRequest request, PlacementNode node)
    {
        if (node.Closed is { } reason)
            return reason;
        foreach (var constraint in request.Constraints)
            if (!constraint.IsSatisfiedBy(node))
                return $"constraint {constraint.Text}";
        var free = node.Free;
        return request.Demand.FitsIn(free) ? null : Lacking(request.Demand, free);
    }

    private static string Lacking(Capacity demand, Capacity free) =>
        demand.CpuMillis > free.CpuMillis ? "not enough cpu"
        : demand.MemoryBytes > free.MemoryBytes ? "not enough memory"
        : "not enough disk";
}
