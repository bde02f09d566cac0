using Microsoft.Extensions.Caching.Memory;

namespace Mesh.Ingestion.Query;

/// <summary>
/// Which few series each selector matched when it was last asked. The same questions are asked again and again, by dashboards and
/// policies: their rows can be read while the series are looked up. It is a guess, for any replica may have taken new series since; what
/// the lookup answers decides.
/// </summary>
internal sealed class SelectorGuesses : IDisposable
{
    private const long MaxBytes = 16 << 20;

    private readonly MemoryCache _cache = new(new MemoryCacheOptions { SizeLimit = MaxBytes });

    /// <summary>The ids of the series that the selector matched; null when it is not known.</summary>
    public IReadOnlyCollection<ulong>? Of(string tenant, Selector selector) => _cache.Get<ulong[]>((tenant, selector));

    /// <summary>Keeps what the selector matches now; where that is nothing, or null for too many, forgets what it matched before.</summary>
    public void Keep(string tenant, Selector selector, FewSeries? series)
    {
        if (series is { Count: > 0 })
            _cache.Set((tenant, selector), series.Ids.ToArray(), new MemoryCacheEntryOptions { Size = SizeOf(selector, series), SlidingExpiration = TimeSpan.FromMinutes(15) });
        else
            _cache.Remove((tenant, selector));
    }

    public void Dispose() => _cache.Dispose();

    // About what the entry takes: its objects, those of each matcher, the characters, the ids.
    private static long SizeOf(Selector selector, FewSeries series) =>
        512 + selector.Matchers.Sum(matcher => 128L + 2 * (matcher.Label.Length + matcher.Value.Length)) + 8L * series.Count;
}
