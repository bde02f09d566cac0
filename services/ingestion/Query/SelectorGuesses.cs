using Microsoft.Extensions.Caching.Memory;

namespace Mesh.Ingestion.Query;

/// <summary>
/// Which few series each selector matched when it was last asked. The same questions are asked again and again, by dashboards and
/// policies: their rows can be read while the series are looked up. It is a guess, for any replica may have taken new series since; what
/// the lookup answers decides.
/// </summary>
internal sealed class SelectorGuesses : IDisposable
{
    // Some 16 MB.
    private const int MaxIds = 2_000_000;

    // What a selector takes itself, in ids.
    private const int SelectorIds = 64;

    private readonly MemoryCache _cache = new(new MemoryCacheOptions { SizeLimit = MaxIds });

    /// <summary>The ids of the series that the selector matched; null when it is not known.</summary>
    public IReadOnlyCollection<ulong>? Of(string tenant, Selector selector) => _cache.Get<ulong[]>((tenant, selector));

    public void Keep(string tenant, Selector selector, FewSeries series)
    {
        if (series.Count > 0)
            _cache.Set((tenant, selector), series.Ids.ToArray(), new MemoryCacheEntryOptions { Size = series.Count + SelectorIds, SlidingExpiration = TimeSpan.FromMinutes(15) });
    }

    public void Dispose() => _cache.Dispose();
}
