using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Log;

namespace Mesh.Ingestion.Drain;

/// <summary>How far the database is behind the log, and how inserting goes.</summary>
internal sealed class DrainMetrics : IDisposable
{
    private readonly Meter _meter = new("Mesh.Ingestion.Drain");
    private readonly Histogram<double> _latency;
    private readonly Counter<long> _rows;
    private readonly Counter<long> _failures;
    private readonly ConcurrentDictionary<string, long> _parts = new();

    public DrainMetrics(WriteAheadLog log, DrainLag lag)
    {
        _latency = _meter.CreateHistogram<double>("mesh_ingestion_insert_duration", "s", "Duration of inserts, by table.");
        _rows = _meter.CreateCounter<long>("mesh_ingestion_rows_inserted", description: "Rows that the database has taken, by table.");
        _failures = _meter.CreateCounter<long>("mesh_ingestion_insert_failures", description: "Inserts that will be repeated, by table.");
        _meter.CreateObservableGauge(
            "mesh_ingestion_log_lag_bytes", () => log.DurableEnd - log.Checkpoint, "By", "Bytes in the log that the database has not.");
        _meter.CreateObservableGauge(
            "mesh_ingestion_table_parts", () => _parts.Select(part => new Measurement<long>(part.Value, new KeyValuePair<string, object?>("table", part.Key))),
            description: "Parts that a table consists of.");
        _meter.CreateObservableGauge("mesh_ingestion_log_lag_seconds", () => lag.Age.TotalSeconds, "s", "Age of the oldest record that the database has not.");
    }

    public void Inserted(Block block, TimeSpan elapsed)
    {
        var table = new KeyValuePair<string, object?>("table", block.Table);
        _latency.Record(elapsed.TotalSeconds, table);
        _rows.Add(block.Rows, table);
    }

    /// <summary>Notes how many parts a table consists of.</summary>
    public void Parts(string table, long parts) => _parts[table] = parts;

    public void Failed(string table) => _failures.Add(1, new KeyValuePair<string, object?>("table", table));

    public void Dispose() => _meter.Dispose();
}
