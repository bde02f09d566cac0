using System.Diagnostics.Metrics;

namespace Mesh.Ingestion.Receiving;

/// <summary>What comes in by which protocol, and what comes along that is taken and not kept.</summary>
internal static class ReceiverMetrics
{
    private static readonly Meter Meter = new("Mesh.Ingestion.Receiving");
    private static readonly Counter<long> Requests = Meter.CreateCounter<long>(
        "mesh_ingestion_requests_received", description: "Requests that could be read, by protocol.");

    private static readonly Counter<long> Unkept = Meter.CreateCounter<long>(
        "mesh_ingestion_items_not_kept", description: "Items that are no samples (exemplars, metadata, texts), by protocol.");

    /// <summary>Tells how much room is taken.</summary>
    public static void Watch(BodyBudget budget) => Meter.CreateObservableGauge(
        "mesh_ingestion_body_bytes", () => budget.Used, "By", "Bytes of requests that are being received.");

    public static void Received(string protocol, long unkept = 0)
    {
        Requests.Add(1, new KeyValuePair<string, object?>("protocol", protocol));
        if (unkept > 0)
            Unkept.Add(unkept, new KeyValuePair<string, object?>("protocol", protocol));
    }
}
