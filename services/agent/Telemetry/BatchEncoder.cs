using Google.Protobuf.WellKnownTypes;
using Mesh.Ingestion.V1;

namespace Mesh.Agent.Telemetry;

/// <summary>Puts batches into the contract's columns. The numbers of series are those of one stream.</summary>
internal sealed class BatchEncoder(string node)
{
    private readonly Dictionary<MetricSeries, uint> refs = [];

    /// <summary>How many series this stream has declared; a stream with too many is ended, so that the list does not grow for ever.</summary>
    public int Series => refs.Count;

    public Batch Encode(TelemetryBatch batch, ulong number)
    {
        var encoded = new Batch { Number = number };
        if (batch.Samples.Count > 0) encoded.Samples = new();
        long before = 0;
        foreach (var sample in batch.Samples)
        {
            var millis = sample.Time.ToUnixTimeMilliseconds();
            encoded.Samples.SeriesRefs.Add(Ref(sample.Series, encoded));
            encoded.Samples.TimeDeltasMillis.Add(millis - before);
            encoded.Samples.Values.Add(sample.Value);
            before = millis;
        }

        foreach (var (allocation, line) in batch.Lines)
        {
            var record = new LogRecord
            {
                Time = line.Time.ToTimestamp(),
                Body = line.Text,
                Severity = line.IsLoss ? LogSeverity.Warn : LogSeverity.Unspecified,
                Tenant = AllocationLabels.Tenant(allocation),
            };
            foreach (var (name, value) in AllocationLabels.Of(allocation, node)) record.Labels.Add(new Label { Name = name, Value = value });
            record.Labels.Add(new Label { Name = "stream", Value = line.Stream });
            encoded.Logs.Add(record);
        }

        return encoded;
    }

    private uint Ref(MetricSeries series, Batch batch)
    {
        if (refs.TryGetValue(series, out var known)) return known;
        var declaration = new SeriesDeclaration { Ref = (uint)refs.Count + 1, Metric = series.Metric, Tenant = series.Tenant };
        foreach (var (name, value) in series.Labels) declaration.Labels.Add(new Label { Name = name, Value = value });
        batch.Series.Add(declaration);
        return refs[series] = declaration.Ref;
    }
}
