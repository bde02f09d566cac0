using System.Collections.Concurrent;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Metrics.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>
/// Adds up what exporters send as the change since their last point (OpenTelemetry metrics data model, "Temporality"), since
/// everything else here counts from a start. The sums live in memory: after a restart they begin anew, which every rate
/// takes for the reset of a counter. A point that comes again, because its sender saw no answer, is not added again.
/// </summary>
public sealed class DeltaSums(TimeProvider time)
{
    private const int MaxSeries = 500_000;
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Tenant> _tenants = new(StringComparer.Ordinal);

    /// <summary>Whether a request brings any such points.</summary>
    public static bool In(ExportMetricsServiceRequest request) => request.ResourceMetrics
        .SelectMany(resource => resource.ScopeMetrics).SelectMany(scope => scope.Metrics)
        .Any(metric => (metric.Sum?.AggregationTemporality ?? metric.Histogram?.AggregationTemporality) == AggregationTemporality.Delta);

    /// <summary>Waits until no other request adds to the tenant's sums.</summary>
    public async Task<DeltaSession> EnterAsync(string tenant)
    {
        var entered = _tenants.GetOrAdd(tenant, _ => new Tenant());
        await entered.Gate.WaitAsync();
        if (entered.Sums.Count > MaxSeries / 2)
            entered.Forget(time.GetUtcNow() - Kept);
        return new DeltaSession(entered, MaxSeries);
    }

    internal sealed class Tenant
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public Dictionary<ulong, DeltaSum> Sums { get; } = [];

        public void Forget(DateTimeOffset before)
        {
            var oldest = (ulong)before.ToUnixTimeMilliseconds() * 1_000_000;
            foreach (var (series, sum) in Sums)
            {
                if (sum.Nanoseconds < oldest)
                    Sums.Remove(series);
            }
        }
    }
}

/// <summary>A series' sum, and the time of the last point in it.</summary>
internal readonly record struct DeltaSum(double Value, ulong Nanoseconds);

/// <summary>What became of a point.</summary>
internal enum DeltaOutcome
{
    Added,
    Begun,
    Repeated,
    Full,
}

/// <summary>One request's additions: they count once they are durable and committed, and are forgotten otherwise.</summary>
public sealed class DeltaSession : IDisposable
{
    private readonly DeltaSums.Tenant _tenant;
    private readonly int _maxSeries;
    private readonly Dictionary<ulong, DeltaSum> _changed = [];

    internal DeltaSession(DeltaSums.Tenant tenant, int maxSeries) => (_tenant, _maxSeries) = (tenant, maxSeries);

    /// <summary>Adds a point to its series, and gives the sum in its place.</summary>
    internal DeltaOutcome Add(ulong series, ulong nanoseconds, ref double value)
    {
        var known = _changed.TryGetValue(series, out var sum) || _tenant.Sums.TryGetValue(series, out sum);
        if (known && nanoseconds <= sum.Nanoseconds)
            return DeltaOutcome.Repeated;
        if (!known && _tenant.Sums.Count + _changed.Count >= _maxSeries)
            return DeltaOutcome.Full;
        value += sum.Value;
        _changed[series] = new DeltaSum(value, nanoseconds);
        return known ? DeltaOutcome.Added : DeltaOutcome.Begun;
    }

    internal void Commit()
    {
        foreach (var (series, sum) in _changed)
            _tenant.Sums[series] = sum;
    }

    public void Dispose() => _tenant.Gate.Release();
}
