namespace Mesh.Scheduler.Placement.Policies;

/// <summary>One wish about placement, as a number.</summary>
public interface IScorePolicy
{
    /// <summary>The policy's scorer for one request over all nodes, those filtered out included; null when it has no say.</summary>
    Scorer? Prepare(PlacementRequest request, IReadOnlyList<PlacementNode> nodes);
}

/// <summary>Scores nodes from 0 (worst) to 1 (best). The final score is the mean of all scorers by weight.</summary>
public sealed record Scorer(string Name, double Weight, Func<PlacementNode, double> Score);
