namespace Mesh.Ingestion.Retention;

/// <summary>A signal, the table that holds it, and for how long that table keeps rows at most.</summary>
public sealed record KeptSignal(string Id, V1.RetentionSignal Wire, string Table, string TimeColumn, int MaxDays)
{
    /// <summary>All of them. The days are those of the tables' TTL.</summary>
    public static IReadOnlyList<KeptSignal> All { get; } =
    [
        new("events", V1.RetentionSignal.Events, "events", "time", 90),
        new("logs", V1.RetentionSignal.Logs, "logs", "time", 14),
        new("rollups", V1.RetentionSignal.Rollups, "samples_1m", "time", 400),
        new("samples", V1.RetentionSignal.Samples, "samples", "time", 30),
        new("spans", V1.RetentionSignal.Spans, "spans", "start", 14),
    ];

    public static KeptSignal? Find(string id) => All.FirstOrDefault(signal => signal.Id == id);

    public static KeptSignal? OfTable(string table) => All.FirstOrDefault(signal => signal.Table == table);
}
