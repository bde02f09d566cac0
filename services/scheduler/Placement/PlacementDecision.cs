namespace Mesh.Scheduler.Placement;

/// <summary>Where one allocation goes, and why.</summary>
/// <param name="Node">The chosen node; null when no node can take it.</param>
/// <param name="Rejections">How many nodes were filtered out, by reason.</param>
/// <param name="Verdicts">What was found of every node; empty unless asked for.</param>
public sealed record PlacementDecision(
    PlacementNode? Node, IReadOnlyDictionary<string, int> Rejections, IReadOnlyList<NodeVerdict> Verdicts)
{
    /// <summary>One sentence that says why nothing was chosen.</summary>
    public string Explanation => Rejections.Count == 0
        ? "There is no node."
        : $"No node can take it: {string.Join(", ", Rejections.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => $"{r.Key} ({r.Value})"))}.";
}

/// <summary>What was found of one node: why it was filtered out, or how it scored.</summary>
public sealed record NodeVerdict(string Node, string? Filtered, double Score, IReadOnlyDictionary<string, double> Scores);
