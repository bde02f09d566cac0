using Mesh.Scheduler.Placement.Policies;

namespace Mesh.Scheduler.Placement;

/// <summary>Places one allocation after the other: filter, score, select. The same snapshot and seed give the same plan.</summary>
public sealed class Placer(IReadOnlyList<IScorePolicy> policies)
{
    public static Placer Default { get; } =
        new([new BinPackingPolicy(), new AntiAffinityPolicy(), new AffinityPolicy(), new SpreadPolicy()]);

    /// <summary>Chooses a node and reserves the demand on it. Nodes of equal score are chosen among by lot.</summary>
    public PlacementDecision Place(
        PlacementRequest request, IReadOnlyList<PlacementNode> nodes, Random random, bool explain = false)
    {
        var rejections = new Dictionary<string, int>();
        var verdicts = new List<NodeVerdict>();
        var feasible = new List<PlacementNode>();
        foreach (var node in nodes)
        {
            if (NodeFilter.Reject(request, node) is not { } reason)
            {
                feasible.Add(node);
                continue;
            }
            rejections[reason] = rejections.GetValueOrDefault(reason) + 1;
            if (explain)
                verdicts.Add(new NodeVerdict(node.Id, reason, 0, new Dictionary<string, double>()));
        }
        var chosen = Select(request, nodes, feasible, random, explain ? verdicts : null);
        chosen?.Reserve(request.Workload, request.Demand);
        return new PlacementDecision(chosen, rejections, verdicts);
    }

    private PlacementNode? Select(
        PlacementRequest request, IReadOnlyList<PlacementNode> nodes, List<PlacementNode> feasible, Random random,
        List<NodeVerdict>? verdicts)
    {
        var scorers = policies.Select(policy => policy.Prepare(request, nodes)).OfType<Scorer>().ToList();
        var total = scorers.Sum(scorer => scorer.Weight);
        PlacementNode? best = null;
        var (bestScore, equals) = (double.NegativeInfinity, 0);
        foreach (var node in feasible)
        {
            var score = scorers.Sum(scorer => scorer.Weight * scorer.Score(node)) / total;
            verdicts?.Add(new NodeVerdict(node.Id, null, score, scorers.ToDictionary(s => s.Name, s => s.Score(node))));
            equals = score > bestScore ? 1 : score < bestScore ? equals : equals + 1;
            if (score < bestScore || (equals > 1 && random.Next(equals) > 0))
                continue;
            (best, bestScore) = (node, score);
        }
        return best;
    }
}
