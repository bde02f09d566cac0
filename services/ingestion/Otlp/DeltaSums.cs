using System.Collections.Concurrent;
using OpenTelemetry.Proto.Metrics.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>
/// Adds up what exporters send as the change since their last point (OpenTelemetry metrics data model, "Temporality"), since
/// everything else here counts from a start. The sums live in memory. After a restart a series falls to zero, right behind its
/// last point, and counts on from there: the reset of a counter, over which every rate and increase stays exact. A point
/// that comes again, because its sender saw no answer, is not added again. Of a sum that may fall the reset cannot be told from
/// a fall: its value is wrong from then on. Going on would take the log to say of each total up to which change it was added up.
/// </summary>
public sealed class DeltaSums(TimeProvider time)
{
    private const int MaxSeries = 500_000;
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Tenant> _tenants = new(StringComparer.Ordinal);

    /// <summary>Waits until no other request adds to the tenant's sums.</summary>
    public async Task<DeltaSession> EnterAsync(string tenant)
    {
        var entered = _tenants.GetOrAdd(tenant, _ => new Tenant());
        await entered.Gate.WaitAsync();
        if (entered.Held > MaxSeries / 2)
            entered.Forget(time.GetUtcNow() - Kept);
        return new DeltaSession(entered, MaxSeries);
    }

    internal sealed class Tenant
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public Dictionary<ulong, DeltaSum> Sums { get; } = [];

        public Dictionary<ulong, DeltaHistogram> Histograms { get; } = [];

        /// <summary>How many series are held; each bound of a histogram is one.</summary>
        public int Held { get; private set; }

        public void Set(ulong series, DeltaSum sum)
        {
            if (!Sums.ContainsKey(series))
                Held++;
            Sums[series] = sum;
        }

        public void Set(ulong series, DeltaHistogram histogram)
        {
            Held += histogram.Counts.Count - (Histograms.TryGetValue(series, out var before) ? before.Counts.Count : 0);
            Histograms[series] = histogram;
        }

        public void Forget(DateTimeOffset before)
        {
            var oldest = (ulong)before.ToUnixTimeMilliseconds() * 1_000_000;
            foreach (var (series, sum) in Sums)
            {
                if (sum.Nanoseconds < oldest && Sums.Remove(series))
                    Held--;
            }

            foreach (var (series, histogram) in Histograms)
            {
                if (histogram.Nanoseconds < oldest && Histograms.Remove(series))
                    Held -= histogram.Counts.Count;
            }
        }
    }
}

/// <summary>A series' sum, and the time of the last point in it.</summary>
internal readonly record struct DeltaSum(double Value, ulong Nanoseconds);

/// <summary>An exponential histogram's buckets by their upper bounds, and the time of the last point in it. It does not change.</summary>
internal sealed record DeltaHistogram(SortedDictionary<double, ulong> Counts, ulong Nanoseconds);

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
    private readonly Dictionary<ulong, DeltaHistogram> _histograms = [];
    private int _added;

    internal DeltaSession(DeltaSums.Tenant tenant, int maxSeries) => (_tenant, _maxSeries) = (tenant, maxSeries);

    /// <summary>Adds a point to its series, and gives the sum in its place.</summary>
    internal DeltaOutcome Add(ulong series, ulong nanoseconds, ref double value)
    {
        var known = _changed.TryGetValue(series, out var sum) || _tenant.Sums.TryGetValue(series, out sum);
        if (known && nanoseconds <= sum.Nanoseconds)
            return DeltaOutcome.Repeated;
        if (!known && _tenant.Held + _added >= _maxSeries)
            return DeltaOutcome.Full;
        if (!known)
            _added++;
        value += sum.Value;
        _changed[series] = new DeltaSum(value, nanoseconds);
        return known ? DeltaOutcome.Added : DeltaOutcome.Begun;
    }

    /// <summary>Adds a point to its histogram: all buckets as they are now, and the histogram as it was.</summary>
    internal DeltaOutcome Add(
        ulong series, ExponentialHistogramDataPoint point, out SortedDictionary<double, ulong> counts, out DeltaHistogram? before)
    {
        var known = _histograms.TryGetValue(series, out before) || _tenant.Histograms.TryGetValue(series, out before);
        counts = before is null ? [] : new SortedDictionary<double, ulong>(before.Counts);
        if (before is not null && point.TimeUnixNano <= before.Nanoseconds)
            return DeltaOutcome.Repeated;
        ExponentialBuckets.Gather(point, counts);
        var grown = counts.Count - (before?.Counts.Count ?? 0);
        if (_tenant.Held + _added + grown > _maxSeries)
            return DeltaOutcome.Full;
        _added += grown;
        _histograms[series] = new DeltaHistogram(counts, point.TimeUnixNano);
        return known ? DeltaOutcome.Added : DeltaOutcome.Begun;
    }

    internal void Commit()
    {
        foreach (var (series, sum) in _changed)
            _tenant.Set(series, sum);
        foreach (var (series, histogram) in _histograms)
            _tenant.Set(series, histogram);
    }

    public void Dispose() => _tenant.Gate.Release();
}
