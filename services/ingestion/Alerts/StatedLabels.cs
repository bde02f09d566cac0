using Mesh.Ingestion.Query;

namespace Mesh.Ingestion.Alerts;

/// <summary>What a selector says about whatever it matches.</summary>
internal static class StatedLabels
{
    /// <summary>The labels that must have one value. What is absent has no labels but these.</summary>
    public static IEnumerable<(string Name, string Value)> Stated(this Selector selector) =>
        from matcher in selector.Matchers
        where matcher.Operator == MatchOperator.Equal && matcher.Label != Matcher.MetricLabel && matcher.Value.Length > 0
        select (matcher.Label, matcher.Value);
}
