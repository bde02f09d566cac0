using System.Globalization;
using Google.Protobuf.Collections;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Series;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Common.V1;
using OpenTelemetry.Proto.Metrics.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>
/// Brings OTLP's metrics into samples. A histogram becomes its cumulative buckets (`_bucket` with `le`), `_sum` and
/// `_count`, an exponential one likewise (<see cref="ExponentialBuckets"/>); a summary its quantiles, `_sum` and `_count`.
/// Sums since the point before are added up to sums since the start (<see cref="DeltaSums"/>), except for exponential
/// histograms, whose buckets change from point to point: those are refused.
/// </summary>
internal sealed class OtlpMetrics(string tenant, BatchBuilder target, DeltaSession? deltas) : IDisposable
{
    private const uint NoValue = 1;

    private readonly SeriesBuilder _series = new();
    private OtlpResource _resource;
    private bool _delta;
    private ulong _start;

    public void Decode(ExportMetricsServiceRequest request)
    {
        foreach (var resource in request.ResourceMetrics)
        {
            _resource = OtlpResource.Of(resource.Resource);
            foreach (var metric in resource.ScopeMetrics.SelectMany(scope => scope.Metrics))
                Decode(metric);
        }

        target.EndSamples(tenant);
    }

    public void Dispose() => _series.Dispose();

    private void Decode(Metric metric)
    {
        var name = MetricNames.Of(metric);
        _delta = false;
        switch (metric.DataCase)
        {
            case Metric.DataOneofCase.Gauge:
                Numbers(name, metric.Gauge.DataPoints);
                break;
            case Metric.DataOneofCase.Sum:
                _delta = metric.Sum.AggregationTemporality == AggregationTemporality.Delta;
                Numbers(name, metric.Sum.DataPoints);
                break;
            case Metric.DataOneofCase.Histogram:
                _delta = metric.Histogram.AggregationTemporality == AggregationTemporality.Delta;
                Histograms(name, metric.Histogram.DataPoints);
                break;
            case Metric.DataOneofCase.ExponentialHistogram when metric.ExponentialHistogram.AggregationTemporality == AggregationTemporality.Delta:
                target.Rejections.Add(RejectionReason.UnsupportedType, metric.ExponentialHistogram.DataPoints.Count);
                break;
            case Metric.DataOneofCase.ExponentialHistogram:
                ExponentialHistograms(name, metric.ExponentialHistogram.DataPoints);
                break;
            case Metric.DataOneofCase.Summary:
                Summaries(name, metric.Summary.DataPoints);
                break;
        }
    }

    private void Numbers(string name, RepeatedField<NumberDataPoint> points)
    {
        foreach (var point in points)
        {
            _start = point.StartTimeUnixNano;
            if ((point.Flags & NoValue) == 0)
                Add(name, point.Attributes, point.TimeUnixNano, point.HasAsInt ? point.AsInt : point.AsDouble);
        }
    }

    private void Histograms(string name, RepeatedField<HistogramDataPoint> points)
    {
        foreach (var point in points)
        {
            if ((point.Flags & NoValue) != 0)
                continue;
            _start = point.StartTimeUnixNano;
            var count = 0UL;
            for (var i = 0; i < point.BucketCounts.Count && i < point.ExplicitBounds.Count; i++)
            {
                count += point.BucketCounts[i];
                Add(name + "_bucket", point.Attributes, point.TimeUnixNano, count, "le", Text(point.ExplicitBounds[i]));
            }

            Add(name + "_bucket", point.Attributes, point.TimeUnixNano, point.Count, "le", "+Inf");
            Add(name + "_count", point.Attributes, point.TimeUnixNano, point.Count);
            if (point.HasSum)
                Add(name + "_sum", point.Attributes, point.TimeUnixNano, point.Sum);
        }
    }

    private void ExponentialHistograms(string name, RepeatedField<ExponentialHistogramDataPoint> points)
    {
        foreach (var point in points)
        {
            if ((point.Flags & NoValue) != 0)
                continue;
            foreach (var (bound, count) in ExponentialBuckets.Of(point))
                Add(name + "_bucket", point.Attributes, point.TimeUnixNano, count, "le", Text(bound));
            Add(name + "_bucket", point.Attributes, point.TimeUnixNano, point.Count, "le", "+Inf");
            Add(name + "_count", point.Attributes, point.TimeUnixNano, point.Count);
            if (point.HasSum)
                Add(name + "_sum", point.Attributes, point.TimeUnixNano, point.Sum);
        }
    }

    private void Summaries(string name, RepeatedField<SummaryDataPoint> points)
    {
        foreach (var point in points)
        {
            if ((point.Flags & NoValue) != 0)
                continue;
            foreach (var quantile in point.QuantileValues)
                Add(name, point.Attributes, point.TimeUnixNano, quantile.Value, "quantile", Text(quantile.Quantile));
            Add(name + "_count", point.Attributes, point.TimeUnixNano, point.Count);
            Add(name + "_sum", point.Attributes, point.TimeUnixNano, point.Sum);
        }
    }

    private void Add(
        string name, RepeatedField<KeyValue> attributes, ulong nanoseconds, double value, string extra = "", string extraValue = "")
    {
        _series.Begin(tenant, name);
        _series.Label("job", _resource.Job);
        _series.Label("instance", _resource.Instance);
        foreach (var attribute in attributes)
        {
            if (attribute.Key is not ("job" or "instance" or "le" or "quantile"))
                _series.Label(Names.Translate(attribute.Key), AnyValues.Text(attribute.Value));
        }

        if (extra.Length > 0)
            _series.Label(extra, extraValue);
        var id = target.Series(_series, tenant);
        if (id == 0)
            return;
        if (_delta && !Accumulate(id, nanoseconds, ref value))
            return;
        target.Sample(id, (long)(nanoseconds / 1_000_000), value);
    }

    // A series that begins gets its zero, so that its first growth is seen.
    private bool Accumulate(ulong id, ulong nanoseconds, ref double value)
    {
        switch (deltas!.Add(id, nanoseconds, ref value))
        {
            case DeltaOutcome.Begun when _start > 0 && _start < nanoseconds && target.Window.Check((long)(_start / 1_000_000)) == RejectionReason.None:
                target.Sample(id, (long)(_start / 1_000_000), 0);
                return true;
            case DeltaOutcome.Full:
                target.Rejections.Add(RejectionReason.SeriesLimit);
                return false;
            case var outcome:
                return outcome != DeltaOutcome.Repeated;
        }
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
