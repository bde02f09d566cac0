using System.Diagnostics.Metrics;

namespace Mesh.Ingestion.Log;

/// <summary>What the log tells about itself.</summary>
internal static class LogMetrics
{
    private static readonly Meter Meter = new("Mesh.Ingestion.Log");
    private static readonly Counter<long> Groups = Meter.CreateCounter<long>("mesh_ingestion_log_groups", description: "Group commits.");
    private static readonly Counter<long> Records = Meter.CreateCounter<long>("mesh_ingestion_log_records", description: "Records made durable.");
    private static readonly Counter<long> Bytes = Meter.CreateCounter<long>("mesh_ingestion_log_bytes", "By", "Bytes made durable.");

    public static void Committed(int records, long bytes)
    {
        Groups.Add(1);
        Records.Add(records);
        Bytes.Add(bytes);
    }
}
