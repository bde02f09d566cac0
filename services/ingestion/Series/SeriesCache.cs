using System.Collections.Concurrent;

namespace Mesh.Ingestion.Series;

/// <summary>
/// Remembers which series have a durable row of today in the table of series, each tenant's for itself: an id can be engineered to
/// meet another tenant's, and must not hide that one's row. Forgetting costs a row that the table replaces, never a wrong
/// answer; so the cache is bounded. Where all tenants together have more than fits, the one with most forgets some of its own.
/// </summary>
public sealed class SeriesCache(int capacity = 1 << 22)
{
    private readonly ConcurrentDictionary<string, TenantSeries> _tenants = new(StringComparer.Ordinal);
    private long _held;

    /// <summary>How many decimals the series' values have.</summary>
    public DecimalScales Scales { get; } = new();

    /// <summary>How many series are remembered, of all tenants.</summary>
    public long Held => Interlocked.Read(ref _held);

    /// <summary>The series of one tenant.</summary>
    public TenantSeries Of(string tenant) => _tenants.GetOrAdd(tenant, static (_, cache) => new TenantSeries(cache), this);

    internal void Changed(int difference)
    {
        if (Interlocked.Add(ref _held, difference) <= capacity || difference <= 0)
            return;
        TenantSeries? largest = null;
        foreach (var (_, tenant) in _tenants)
        {
            if (largest is null || tenant.Held > largest.Held)
                largest = tenant;
        }

        largest?.ForgetSome();
    }
}
