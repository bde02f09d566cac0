namespace Mesh.Ingestion.Targets;

/// <summary>A span of the history of one metric of a target, both ends included, in milliseconds.</summary>
public sealed record HistorySpan(string Metric, long From, long To);

/// <summary>How far the history of a target has been read, for targets that keep one.</summary>
/// <param name="Positions">The last time of each metric that was read or planned, in milliseconds.</param>
/// <param name="Owed">Spans before that which were planned, and which no log has.</param>
/// <param name="Plans">The plans that owe them.</param>
public sealed record TargetHistory(IReadOnlyDictionary<string, long> Positions, IReadOnlyList<HistorySpan> Owed, IReadOnlyList<Guid> Plans)
{
    /// <summary>Of a target of which nothing was read.</summary>
    public static TargetHistory None { get; } = new(new Dictionary<string, long>(), [], []);
}

/// <summary>What a reading brings of a target's history.</summary>
/// <param name="Spans">The spans whose values it brings.</param>
/// <param name="Left">Spans that were owed and still are.</param>
public sealed record HistoryReading(IReadOnlyList<HistorySpan> Spans, IReadOnlyList<HistorySpan> Left)
{
    public static HistoryReading None { get; } = new([], []);
}
