namespace Mesh.Agent.Telemetry;

/// <summary>A metric with its labels, in order of their names.</summary>
public sealed record MetricSeries(string Tenant, string Metric, IReadOnlyList<KeyValuePair<string, string>> Labels)
{
    private readonly string key = string.Join('\u0001', [Tenant, Metric, .. Labels.SelectMany(label => (string[])[label.Key, label.Value])]);

    public bool Equals(MetricSeries? other) => other is not null && key == other.key;

    public override int GetHashCode() => key.GetHashCode(StringComparison.Ordinal);
}

/// <summary>One value of a series at one time.</summary>
public sealed record MetricSample(MetricSeries Series, DateTimeOffset Time, double Value);
