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
    private readonly Target _target;
    private readonly BatchBuilder _batch;
    private readonly SeriesBuilder _series = new();
    private readonly Dictionary<string, string> _labels;

    public TargetSamples(Target target, BatchBuilder batch)
    {
        (_target, _batch) = (target, batch);
        _labels = new(target.Labels.Values, StringComparer.Ordinal);
        _labels.TryAdd("job", target.Id);
        _labels.TryAdd("instance", new Uri(target.Address).Authority);
    }

    public void Add(in ExposedSample sample) => Add(sample.Metric, sample.Labels, sample.Value, sample.Milliseconds);

    /// <summary>What a reading tells of itself.</summary>
    public void AddOutcome(bool up, TimeSpan elapsed)
    {
        Add("up", [], up ? 1 : 0, null);
        Add("scrape_duration_seconds", [], elapsed.TotalSeconds, null);
    }

    public void Dispose() => _series.Dispose();

    private void Add(string metric, IReadOnlyList<KeyValuePair<string, string>> labels, double value, long? milliseconds)
    {
        _series.Begin(_target.Tenant, metric);
        foreach (var (name, text) in _labels)
            _series.Label(name, text);
        foreach (var (name, text) in labels)
            _series.Label(_labels.ContainsKey(name) ? "exported_" + name : name, text);
        var id = _batch.Series(_series, _target.Tenant);
        if (id != 0 && _batch.TakeRate(_target.Tenant, 1) == 1)
            _batch.Sample(_target.Tenant, id, milliseconds ?? _batch.Window.NowMilliseconds, value);
    }
}
