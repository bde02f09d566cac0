using System.Diagnostics.Metrics;

namespace Mesh.Ingestion.Series;

/// <summary>How often the cache of known series answered.</summary>
internal static class SeriesMetrics
{
    private static readonly Meter Meter = new("Mesh.Ingestion.Series");
    private static readonly Counter<long> Hits = Meter.CreateCounter<long>("mesh_ingestion_series_cache_hits", description: "Declared series that were known.");
    private static readonly Counter<long> Misses = Meter.CreateCounter<long>("mesh_ingestion_series_cache_misses", description: "Declared series that were written.");

    public static void Looked(bool knew) => (knew ? Hits : Misses).Add(1);
}
