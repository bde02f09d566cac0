namespace Mesh.Scheduler.Placement.Policies;

/// <summary>Follows the workload's own wishes about attributes.</summary>
public sealed class AffinityPolicy : IScorePolicy
{
    public Scorer? Prepare(PlacementRequest request, IReadOnlyList<PlacementNode> nodes)
    {
        var total = request.Affinities.Sum(affinity => Math.Abs(affinity.Weight));
        return total == 0 ? null : new Scorer("affinity", 2, node => (1 + Balance(request, node) / total) / 2);
    }

    private static double Balance(PlacementRequest request, PlacementNode node) =>
        request.Affinities.Where(affinity => affinity.Constraint.IsSatisfiedBy(node)).Sum(affinity => (double)affinity.Weight);
}
