using System.Diagnostics.Metrics;

namespace Mesh.Ingestion.RemoteWrite;

/// <summary>What remote write brings beside samples.</summary>
internal static class RemoteWriteMetrics
{
    private static readonly Meter Meter = new("Mesh.Ingestion.RemoteWrite");
    private static readonly Counter<long> Requests = Meter.CreateCounter<long>("mesh_ingestion_remote_write_requests", description: "Requests that could be read.");
    private static readonly Counter<long> Extras = Meter.CreateCounter<long>(
        "mesh_ingestion_remote_write_extras", description: "Exemplars and metadata that were taken and not kept.");

    public static void Received(long extras)
    {
        Requests.Add(1);
        if (extras > 0)
            Extras.Add(extras);
    }
}
