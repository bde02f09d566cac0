namespace Mesh.Scheduler.Placement.Policies;

/// <summary>Prefers values of an attribute (zones, racks, nodes) that have the fewest allocations of the workload.</summary>
public sealed class SpreadPolicy : IScorePolicy
{
    public Scorer? Prepare(PlacementRequest request, IReadOnlyList<PlacementNode> nodes)
    {
        if (request.Spreads.Count == 0)
            return null;
        var spreads = request.Spreads.Select(spread => (spread.Weight, Evenness: Evenness(spread, request, nodes))).ToList();
        double total = request.Spreads.Sum(spread => spread.Weight);
        return new Scorer("spread", total / 25, node => spreads.Sum(spread => spread.Weight * spread.Evenness(node)) / total);
    }

    // A node without the attribute is last: nothing is known of where it stands.
    private static Func<PlacementNode, double> Evenness(
        Spread spread, PlacementRequest request, IReadOnlyList<PlacementNode> nodes)
    {
        var counts = nodes.Where(node => node.Attribute(spread.Attribute) is not null)
            .GroupBy(node => node.Attribute(spread.Attribute)!)
            .ToDictionary(group => group.Key, group => group.Sum(node => node.Count(request.Workload)));
        var least = counts.Values.DefaultIfEmpty().Min();
        return node => node.Attribute(spread.Attribute) is { } value ? 1.0 / (1 + counts[value] - least) : 0;
    }
}
