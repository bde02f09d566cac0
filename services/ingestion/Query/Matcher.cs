namespace Mesh.Ingestion.Query;

/// <summary>What a selector demands of one label. A label that a series lacks counts as empty.</summary>
public sealed record Matcher(string Label, MatchOperator Operator, string Value)
{
    public const string MetricLabel = "__name__";
}

/// <summary>How a matcher compares.</summary>
public enum MatchOperator
{
    Equal,
    NotEqual,
    Matches,
    MatchesNot,
}
