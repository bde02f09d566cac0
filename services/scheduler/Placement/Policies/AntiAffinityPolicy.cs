namespace Mesh.Scheduler.Placement.Policies;

/// <summary>Avoids nodes that have allocations of the same workload. An empty node wins over any fuller one.</summary>
public sealed class AntiAffinityPolicy : IScorePolicy
{
    public Scorer Prepare(PlacementRequest request, IReadOnlyList<PlacementNode> nodes) =>
        new("anti-affinity", 2, node => 1.0 / (1 + node.Count(request.Workload)));
}
