using System.Diagnostics.Metrics;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Intake;

/// <summary>
/// What was accepted, by table, and what was refused, by reason: single items of a request that was taken, and whole requests,
/// whose sender is told to send them again.
/// </summary>
internal static class IntakeMetrics
{
    private static readonly Meter Meter = new("Mesh.Ingestion.Intake");
    private static readonly Counter<long> Accepted = Meter.CreateCounter<long>("mesh_ingestion_rows_accepted", description: "Rows taken, by table.");
    private static readonly Counter<long> Rejected = Meter.CreateCounter<long>("mesh_ingestion_items_rejected", description: "Items refused, by reason.");

    private static readonly Counter<long> Refused = Meter.CreateCounter<long>(
        "mesh_ingestion_requests_refused", description: "Requests of which nothing was taken, to be sent again, by reason.");

    private static readonly Counter<long> Repetitions = Meter.CreateCounter<long>(
        "mesh_ingestion_requests_repeated", description: "Requests that had been taken before, and were not written again.");

    /// <summary>A request came that had been taken before.</summary>
    public static void Repeated() => Repetitions.Add(1);

    /// <summary>A request was refused whole, with all that it brought; 0 items where nobody has counted them.</summary>
    public static void RefusedWhole(string reason, int items)
    {
        var tag = new KeyValuePair<string, object?>("reason", reason);
        Refused.Add(1, tag);
        if (items > 0)
            Rejected.Add(items, tag);
    }

    public static void Taken(TelemetryBatch batch, Rejections rejections)
    {
        foreach (var block in batch.Blocks)
        {
            if (block.Rows > 0)
                Accepted.Add(block.Rows, new KeyValuePair<string, object?>("table", block.Table));
        }

        if (rejections.Total == 0)
            return;
        foreach (var (reason, count) in rejections.Counts)
            Rejected.Add(count, new KeyValuePair<string, object?>("reason", Rejections.Code(reason)));
    }
}
