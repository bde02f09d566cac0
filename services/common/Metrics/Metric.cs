using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Mesh.Common.Metrics;

internal enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>All series of one instrument. Their number is bounded: past the bound, one series stands for the rest.</summary>
internal sealed class Metric
{
    private const int MaxSeries = 2000;
    private static readonly KeyValuePair<string, object?>[] s_overflow = [new("overflow", "true")];

    private readonly ConcurrentDictionary<TagSet, Series> _series = new(new TagSet.Comparer());
    private readonly ConcurrentDictionary<TagSet, Series>.AlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>> _lookup;
    private readonly bool _isObservable;

    public Metric(Instrument instrument)
    {
        var type = instrument.GetType().Name;
        _isObservable = instrument.IsObservable;
        Kind = type.StartsWith("Histogram", StringComparison.Ordinal) ? MetricKind.Histogram
            : type.Contains("UpDown", StringComparison.Ordinal) || type.Contains("Gauge", StringComparison.Ordinal) ? MetricKind.Gauge
            : MetricKind.Counter;
        // An up-down counter is a gauge to its reader, yet it is fed with differences.
        IsSum = !_isObservable && !type.StartsWith("Gauge", StringComparison.Ordinal);
        Name = PrometheusName.Of(instrument, Kind);
        Description = instrument.Description ?? "";
        Bounds = Kind is MetricKind.Histogram ? HistogramBounds.For(instrument) : [];
        _lookup = _series.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>();
    }

    public MetricKind Kind { get; }

    public string Name { get; }

    public string Description { get; }

    public double[] Bounds { get; }

    public IEnumerable<KeyValuePair<TagSet, Series>> Series => _series;

    private bool IsSum { get; }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!_lookup.TryGetValue(tags, out var series)) series = Create(tags);
        if (Kind is MetricKind.Histogram) series.Observe(value);
        else if (IsSum) series.Add(value);
        else series.Set(value);
    }

    /// <summary>Before observable instruments are read: what they no longer report is gone.</summary>
    public void BeginObservation()
    {
        if (_isObservable) _series.Clear();
    }

    private Series Create(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var kept = _series.Count < MaxSeries ? new TagSet(tags.ToArray()) : new TagSet(s_overflow);
        return _series.GetOrAdd(kept, static (_, bounds) => new(bounds), Bounds);
    }
}
