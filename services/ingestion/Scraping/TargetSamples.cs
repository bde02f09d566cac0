using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Series;
using Mesh.Ingestion.Targets;

namespace Mesh.Ingestion.Scraping;

/// <summary>
/// Brings a target's samples into a batch, with the target's labels: `job` is its id and `instance` its host and port
/// unless it states others. A label that the exposition itself has is kept as `exported_…`, as Prometheus does.
/// </summary>
internal sealed class TargetSamples : IDisposable
{
    /// <summary>The most samples that one reading may bring.</summary>
    public const int MaxSamples = 500_000;

    // Ends a series, in Prometheus and in every query of ours.
    private static readonly double Stale = BitConverter.UInt64BitsToDouble(0x7FF0_0000_0000_0002);

    private readonly Target _target;
    private readonly BatchBuilder _batch;
    private readonly long _now;
    private readonly SeriesBuilder _series = new();
    private readonly Dictionary<string, string> _labels;

    public TargetSamples(Target target, BatchBuilder batch, long now)
    {
        (_target, _batch, _now) = (target, batch, now);
        _labels = new(target.Labels.Values, StringComparer.Ordinal);
        _labels.TryAdd("job", target.Id);
        _labels.TryAdd("instance", TargetUrl.Of(target).Authority);
    }

    /// <summary>How many samples the target showed.</summary>
    public int Count { get; private set; }

    /// <summary>The series that have a sample of this moment.</summary>
    public HashSet<ulong> Shown { get; } = [];

    public void Add(in ExposedSample sample) => Add(sample.Metric, sample.Labels, sample.Value, sample.Milliseconds);

    /// <summary>Adds a sample; where it has no time of its own, the moment of the reading is its time and it comes once.</summary>
    public void Add(string metric, IReadOnlyList<KeyValuePair<string, string>> labels, double value, long? milliseconds)
    {
        if (++Count > MaxSamples)
            throw new ScrapeException($"The target shows more than {MaxSamples} samples.");
        var id = SeriesOf(metric, labels);
        if (id != 0 && (milliseconds is not null || Shown.Add(id)))
            _batch.Sample(id, milliseconds ?? _now, value);
    }

    /// <summary>Ends those of the series that have no sample of this moment.</summary>
    public void End(IEnumerable<ulong> before)
    {
        foreach (var id in before)
        {
            if (!Shown.Contains(id))
                _batch.Sample(id, _now, Stale);
        }
    }

    /// <summary>What a reading tells of itself.</summary>
    public void AddOutcome(bool up, TimeSpan elapsed, int scraped)
    {
        AddOwn("up", up ? 1 : 0);
        AddOwn("scrape_duration_seconds", elapsed.TotalSeconds);
        AddOwn("scrape_samples_scraped", scraped);
    }

    public void Dispose() => _series.Dispose();

    private void AddOwn(string metric, double value)
    {
        var id = SeriesOf(metric, []);
        if (id == 0)
            return;
        Shown.Add(id);
        _batch.Sample(id, _now, value);
    }

    private ulong SeriesOf(string metric, IReadOnlyList<KeyValuePair<string, string>> labels)
    {
        _series.Begin(_target.Tenant, metric);
        foreach (var (name, text) in _labels)
            _series.Label(name, text);
        foreach (var (name, text) in labels)
            _series.Label(_labels.ContainsKey(name) ? "exported_" + name : name, text);
        return _batch.Series(_series, _target.Tenant);
    }
}
