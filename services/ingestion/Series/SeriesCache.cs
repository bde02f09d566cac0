using System.Collections.Concurrent;
using System.Numerics;

namespace Mesh.Ingestion.Series;

/// <summary>
/// Remembers which series have a durable row of today in the table of series. Forgetting costs a row that the table
/// replaces, never a wrong answer; so the cache is bounded and simply empties a stripe that is full. Twelve bytes a slot.
/// </summary>
public sealed class SeriesCache(int capacity = 1 << 22)
{
    private const int StripeBits = 6, StripeCount = 1 << StripeBits;

    private readonly Stripe[] _stripes = [.. Enumerable.Range(0, StripeCount).Select(_ => new Stripe(Math.Max(64, capacity / StripeCount)))];
    private readonly ConcurrentDictionary<string, TenantCount> _tenants = new();

    /// <summary>How many decimals the series' values have.</summary>
    public DecimalScales Scales { get; } = new();

    /// <summary>Whether the series has a row of this day.</summary>
    public bool Knows(ulong id, int day)
    {
        var knows = StripeOf(id).Knows(id, day);
        SeriesMetrics.Looked(knows);
        return knows;
    }

    /// <summary>Notes that the series' row of this day is durable.</summary>
    public void Learn(ulong id, int day, string tenant)
    {
        if (StripeOf(id).Learn(id, day))
            _tenants.GetOrAdd(tenant, _ => new TenantCount()).Add(day);
    }

    /// <summary>How many series of the tenant were seen on this day.</summary>
    public int CountOf(string tenant, int day) => _tenants.TryGetValue(tenant, out var count) ? count.On(day) : 0;

    // By the lowest bits: the highest are those of the metric's name, which many series share.
    private Stripe StripeOf(ulong id) => _stripes[id & (StripeCount - 1)];

    private sealed class TenantCount
    {
        private readonly Lock _gate = new();
        private int _day;
        private int _count;

        public void Add(int day)
        {
            lock (_gate)
                (_day, _count) = (day, _day == day ? _count + 1 : 1);
        }

        public int On(int day)
        {
            lock (_gate)
                return _day == day ? _count : 0;
        }
    }

    private sealed class Stripe(int maxCount)
    {
        private readonly Lock _gate = new();
        private ulong[] _ids = new ulong[64];
        private int[] _days = new int[64];
        private int _count;

        public bool Knows(ulong id, int day)
        {
            lock (_gate)
                return _days[SlotOf(id)] == day;
        }

        public bool Learn(ulong id, int day)
        {
            lock (_gate)
            {
                var slot = SlotOf(id);
                if (_days[slot] == day)
                    return false;
                if (_days[slot] == 0 && ++_count * 2 > _ids.Length)
                {
                    Resize();
                    slot = SlotOf(id);
                }

                (_ids[slot], _days[slot]) = (id, day);
                return true;
            }
        }

        // The slot of the id, or the free slot where it belongs. A free slot has day 0.
        private int SlotOf(ulong id)
        {
            var mask = _ids.Length - 1;
            var slot = (int)(id >> StripeBits) & mask;
            while (_days[slot] != 0 && _ids[slot] != id)
                slot = (slot + 1) & mask;
            return slot;
        }

        private void Resize()
        {
            var (ids, days) = (_ids, _days);
            var full = _count > maxCount;
            var size = full ? 64 : (int)BitOperations.RoundUpToPowerOf2((uint)_ids.Length * 2);
            (_ids, _days) = (new ulong[size], new int[size]);
            _count = 1;
            for (var i = 0; i < ids.Length && !full; i++)
            {
                if (days[i] == 0)
                    continue;
                var slot = SlotOf(ids[i]);
                (_ids[slot], _days[slot]) = (ids[i], days[i]);
                _count++;
            }
        }
    }
}
