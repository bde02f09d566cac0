using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Series;
using OpenTelemetry.Proto.Metrics.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>
/// Brings OTLP's metrics (opentelemetry/proto/metrics/v1) into samples, straight from their bytes; no sample of a series that
/// was sent before costs an object. A histogram becomes its cumulative buckets (`_bucket` with `le`), `_sum` and `_count`; a
/// summary its quantiles, `_sum` and `_count`. Sums since the point before are added up to sums since the start
/// (<see cref="DeltaSums"/>). Exponential histograms, whose buckets have to be sorted anew each time, do cost objects.
/// </summary>
internal sealed class OtlpMetrics : IDisposable
{
    private const uint NoValue = 1;

    private readonly string _tenant;
    private readonly BatchBuilder _target;
    private readonly DeltaSession? _deltas;
    private readonly OtlpSeries _series;
    private readonly List<ulong> _counts = [];
    private readonly List<double> _bounds = [];

    public OtlpMetrics(string tenant, BatchBuilder target, LabelCache labels, DeltaSession? deltas)
    {
        (_tenant, _target, _deltas) = (tenant, target, deltas);
        _series = new OtlpSeries(tenant, target, labels);
    }

    /// <summary>How many points were refused, be it in a part only.</summary>
    public long RefusedPoints { get; private set; }

    public void Decode(ReadOnlySpan<byte> request)
    {
        var reader = new WireReader(request);
        while (reader.TryReadMessage(1, out var resourceMetrics))
        {
            _series.BeginResource(Find(resourceMetrics, 1));
            var scopes = new WireReader(resourceMetrics);
            while (scopes.TryReadMessage(2, out var scope))
            {
                var metrics = new WireReader(scope);
                while (metrics.TryReadMessage(2, out var metric))
                    DecodeMetric(metric);
            }
        }

        _target.EndSamples(_tenant);
    }

    /// <summary>Whether a request brings sums since the point before.</summary>
    public static bool HasDeltas(ReadOnlySpan<byte> request)
    {
        var reader = new WireReader(request);
        while (reader.TryReadMessage(1, out var resource))
        {
            var scopes = new WireReader(resource);
            while (scopes.TryReadMessage(2, out var scope))
            {
                var metrics = new WireReader(scope);
                while (metrics.TryReadMessage(2, out var metric))
                {
                    if (OtlpMetric.Read(metric).IsDelta)
                        return true;
                }
            }
        }

        return false;
    }

    public void Dispose() => _series.Dispose();

    private void DecodeMetric(ReadOnlySpan<byte> message)
    {
        var metric = OtlpMetric.Read(message);
        var fault = metric.Name.IsEmpty ? RejectionReason.InvalidMetricName
            : metric.LacksTemporality ? RejectionReason.UnsupportedType
            : RejectionReason.None;
        if (fault == RejectionReason.None)
            _series.BeginMetric(metric);
        var points = new WireReader(metric.Data);
        while (points.TryReadMessage(1, out var point))
        {
            var refused = _target.Rejections.Total;
            switch (metric.Kind)
            {
                case var _ when fault != RejectionReason.None:
                    _target.Rejections.Add(fault);
                    break;
                case OtlpKind.Gauge or OtlpKind.Sum:
                    DecodeNumber(metric, point);
                    break;
                case OtlpKind.Histogram:
                    DecodeHistogram(metric, point);
                    break;
                case OtlpKind.ExponentialHistogram:
                    DecodeExponential(metric, point);
                    break;
                case OtlpKind.Summary:
                    DecodeSummary(metric, point);
                    break;
            }

            if (_target.Rejections.Total > refused)
                RefusedPoints++;
        }
    }

    private void DecodeNumber(in OtlpMetric metric, ReadOnlySpan<byte> message)
    {
        var point = _series.BeginPoint(metric, message, attributes: 7, flags: 8);
        var value = 0.0;
        var reader = new WireReader(message);
        while (!reader.AtEnd)
        {
            var tag = reader.ReadTag();
            if (tag == ((4 << 3) | 1))
                value = reader.ReadDouble();
            else if (tag == ((6 << 3) | 1))
                value = (long)reader.ReadFixed64();
            else
                reader.Skip(tag);
        }

        if ((point.Flags & NoValue) == 0)
            Add(point, OtlpPart.Value, 0, value);
    }

    private void DecodeHistogram(in OtlpMetric metric, ReadOnlySpan<byte> message)
    {
        var point = _series.BeginPoint(metric, message, attributes: 9, flags: 10);
        var (total, sum) = (0UL, default(double?));
        _counts.Clear();
        _bounds.Clear();
        var reader = new WireReader(message);
        while (!reader.AtEnd)
        {
            var tag = reader.ReadTag();
            switch (tag)
            {
                case (4 << 3) | 1:
                    total = reader.ReadFixed64();
                    break;
                case (5 << 3) | 1:
                    sum = reader.ReadDouble();
                    break;
                case (6 << 3) | 1 or (6 << 3) | 2:
                    reader.ReadFixed(tag, _counts);
                    break;
                case (7 << 3) | 1 or (7 << 3) | 2:
                    reader.ReadFixed(tag, _bounds);
                    break;
                default:
                    reader.Skip(tag);
                    break;
            }
        }

        if ((point.Flags & NoValue) != 0)
            return;
        var count = 0UL;
        for (var i = 0; i < _counts.Count && i < _bounds.Count; i++)
            Add(point, OtlpPart.Bucket, _bounds[i], count += _counts[i]);
        AddTotals(point, total, sum);
    }

    private void DecodeSummary(in OtlpMetric metric, ReadOnlySpan<byte> message)
    {
        var point = _series.BeginPoint(metric, message, attributes: 7, flags: 8);
        if ((point.Flags & NoValue) != 0)
            return;
        var (total, sum) = (0UL, 0.0);
        var reader = new WireReader(message);
        while (!reader.AtEnd)
        {
            var tag = reader.ReadTag();
            if (tag == ((4 << 3) | 1))
                total = reader.ReadFixed64();
            else if (tag == ((5 << 3) | 1))
                sum = reader.ReadDouble();
            else if (tag == ((6 << 3) | 2))
                DecodeQuantile(point, reader.ReadBytes());
            else
                reader.Skip(tag);
        }

        Add(point, OtlpPart.Count, 0, total);
        Add(point, OtlpPart.Sum, 0, sum);
    }

    private void DecodeQuantile(in OtlpPoint point, ReadOnlySpan<byte> message)
    {
        var (quantile, value) = (0.0, 0.0);
        var reader = new WireReader(message);
        while (!reader.AtEnd)
        {
            var tag = reader.ReadTag();
            if (tag == ((1 << 3) | 1))
                quantile = reader.ReadDouble();
            else if (tag == ((2 << 3) | 1))
                value = reader.ReadDouble();
            else
                reader.Skip(tag);
        }

        Add(point, OtlpPart.Quantile, quantile, value);
    }

    private void DecodeExponential(in OtlpMetric metric, ReadOnlySpan<byte> message)
    {
        var point = _series.BeginPoint(metric, message, attributes: 1, flags: 10);
        if ((point.Flags & NoValue) != 0)
            return;
        var histogram = ExponentialHistogramDataPoint.Parser.ParseFrom(message);
        if (metric.IsDelta && !AddDeltaBuckets(point, histogram))
            return;
        if (!metric.IsDelta)
        {
            var counts = new SortedDictionary<double, ulong>();
            ExponentialBuckets.Gather(histogram, counts);
            foreach (var (bound, count) in ExponentialBuckets.Cumulate(counts))
                Add(point, OtlpPart.Bucket, bound, count);
        }

        AddTotals(point, histogram.Count, histogram.HasSum ? histogram.Sum : null);
        // A small point of changes brings all buckets that its series has.
        BatchBuilder.EndRow(_target.Batch.Samples);
    }

    // The buckets are added up as a whole: a bound that a point does not name has all that lies below it all the same.
    private bool AddDeltaBuckets(in OtlpPoint point, ExponentialHistogramDataPoint histogram)
    {
        var id = _series.IdOf(point, OtlpPart.Count, 0, out _);
        if (id == 0)
            return false;
        var outcome = _deltas!.Add(id, histogram, out var counts, out var before);
        if (outcome == DeltaOutcome.Full)
            _target.Rejections.Add(RejectionReason.SeriesLimit);
        if (outcome is DeltaOutcome.Full or DeltaOutcome.Repeated)
            return false;

        var past = 0UL;
        foreach (var (bound, count) in ExponentialBuckets.Cumulate(counts))
        {
            var bucket = _series.IdOf(point, OtlpPart.Bucket, bound, out var key);
            if (bucket == 0)
                continue;
            if (before is not null && before.Counts.TryGetValue(bound, out var held))
                past += held;
            else if (before is not null)
                Begin(bucket, key, MillisecondsOf(before.Nanoseconds), point.Milliseconds, past);
            else if (point.Start > 0)
                Begin(bucket, key, MillisecondsOf(point.Start) + 1, point.Milliseconds, 0);
            _target.Sample(bucket, point.Milliseconds, count, ref _series.ScaleOf(key));
        }

        return true;
    }

    private void AddTotals(in OtlpPoint point, ulong count, double? sum)
    {
        Add(point, OtlpPart.Bucket, double.PositiveInfinity, count);
        Add(point, OtlpPart.Count, 0, count);
        if (sum is { } value)
            Add(point, OtlpPart.Sum, 0, value);
    }

    private void Add(in OtlpPoint point, OtlpPart part, double bound, double value)
    {
        var id = _series.IdOf(point, part, bound, out var key);
        if (id == 0 || (point.IsDelta && !Accumulate(id, key, point, ref value)))
            return;
        _target.Sample(id, point.Milliseconds, value, ref _series.ScaleOf(key));
    }

    private bool Accumulate(ulong id, ulong key, in OtlpPoint point, ref double value)
    {
        switch (_deltas!.Add(id, point.Time, ref value))
        {
            case DeltaOutcome.Begun when point.Start > 0:
                Begin(id, key, MillisecondsOf(point.Start) + 1, point.Milliseconds, 0);
                return true;
            case DeltaOutcome.Full:
                _target.Rejections.Add(RejectionReason.SeriesLimit);
                return false;
            case var outcome:
                return outcome != DeltaOutcome.Repeated;
        }
    }

    // What a series grows from, so that its first growth is seen. It lies behind the point before, which may be one of the
    // same series from before a restart: that series then falls to zero first, as a counter does that was reset.
    private void Begin(ulong id, ulong key, long milliseconds, long until, double value)
    {
        if (milliseconds < until && _target.Window.Check(milliseconds) == RejectionReason.None)
            _target.Sample(id, milliseconds, value, ref _series.ScaleOf(key));
    }

    private static long MillisecondsOf(ulong nanoseconds) => (long)(nanoseconds / 1_000_000);

    // The last of a message's fields of this number; empty where there is none.
    private static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> message, int number)
    {
        ReadOnlySpan<byte> found = [];
        var reader = new WireReader(message);
        while (reader.TryReadMessage(number, out var next))
            found = next;
        return found;
    }
}
