using System.Numerics;
using System.Security.Cryptography;

namespace Mesh.Ingestion.Series;

/// <summary>Which series of one tenant have a durable row of today, and how many they are. Twelve bytes a slot.</summary>
public sealed class TenantSeries
{
    private const int StripeBits = 4;

    // Slots are chosen by a product that nobody can foresee: ids that are made to share one would make every look-up long.
    private static readonly ulong s_factor = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1;

    private readonly SeriesCache _cache;
    private readonly Stripe[] _stripes = [.. Enumerable.Range(0, 1 << StripeBits).Select(_ => new Stripe())];
    private readonly Lock _gate = new();
    private int _held;
    private int _forgotten;
    private int _day;
    private int _count;

    internal TenantSeries(SeriesCache cache) => _cache = cache;

    /// <summary>How many series are remembered, of any day.</summary>
    public int Held => Volatile.Read(ref _held);

    /// <summary>Whether the series has a row of this day.</summary>
    public bool Knows(ulong id, int day)
    {
        var place = id * s_factor;
        var knows = StripeOf(place).Knows(id, place << StripeBits, day);
        SeriesMetrics.Looked(knows);
        return knows;
    }

    /// <summary>Notes that the series' row of this day is durable.</summary>
    public void Learn(ulong id, int day)
    {
        var place = id * s_factor;
        if (StripeOf(place).Learn(id, place << StripeBits, day, out var difference))
            Count(day, 1);
        Changed(difference);
    }

    /// <summary>How many series were seen on this day. What was forgotten since is not counted: it would count again.</summary>
    public int CountOn(int day)
    {
        lock (_gate)
            return _day == day ? _count : 0;
    }

    internal void ForgetSome()
    {
        var stripe = _stripes[Interlocked.Increment(ref _forgotten) & (_stripes.Length - 1)];
        int day;
        lock (_gate)
            day = _day;
        var entries = stripe.Clear(day, out var ofDay);
        Count(day, -ofDay);
        Changed(-entries);
    }

    private Stripe StripeOf(ulong place) => _stripes[place >> (64 - StripeBits)];

    private void Changed(int difference)
    {
        if (difference == 0)
            return;
        Interlocked.Add(ref _held, difference);
        _cache.Changed(difference);
    }

    private void Count(int day, int difference)
    {
        lock (_gate)
        {
            if (day > _day)
                (_day, _count) = (day, 0);
            if (day == _day)
                _count += difference;
        }
    }

    private sealed class Stripe
    {
        private const int SmallestBits = 3;

        private readonly Lock _gate = new();
        private ulong[] _ids = new ulong[1 << SmallestBits];
        private int[] _days = new int[1 << SmallestBits];
        private int _bits = SmallestBits;
        private int _count;

        public bool Knows(ulong id, ulong place, int day)
        {
            lock (_gate)
                return _days[SlotOf(id, place)] == day;
        }

        /// <summary>Whether the series is new on this day, and by how many there are more entries now.</summary>
        public bool Learn(ulong id, ulong place, int day, out int difference)
        {
            lock (_gate)
            {
                var before = _count;
                var slot = SlotOf(id, place);
                var isNew = _days[slot] < day;
                if (_days[slot] == 0 && ++_count * 2 > _ids.Length)
                {
                    Resize(day);
                    slot = SlotOf(id, place);
                }

                if (isNew)
                    (_ids[slot], _days[slot]) = (id, day);
                difference = _count - before;
                return isNew;
            }
        }

        /// <summary>Forgets everything: how much it was, and how much of it was of this day.</summary>
        public int Clear(int day, out int ofDay)
        {
            lock (_gate)
            {
                ofDay = _days.AsSpan().Count(day);
                var count = _count;
                (_ids, _days, _bits, _count) = (new ulong[1 << SmallestBits], new int[1 << SmallestBits], SmallestBits, 0);
                return count;
            }
        }

        // The slot of the id, or the free slot where it belongs. A free slot has day 0.
        private int SlotOf(ulong id, ulong place)
        {
            var mask = _ids.Length - 1;
            var slot = (int)(place >> (64 - _bits));
            while (_days[slot] != 0 && _ids[slot] != id)
                slot = (slot + 1) & mask;
            return slot;
        }

        // Makes room for one more. What was seen last on an earlier day is not needed any more.
        private void Resize(int day)
        {
            var (ids, days) = (_ids, _days);
            _count = 1;
            foreach (var held in days)
                _count += held >= day ? 1 : 0;
            _bits = Math.Max(SmallestBits, BitOperations.Log2((uint)_count) + 2);
            (_ids, _days) = (new ulong[1 << _bits], new int[1 << _bits]);
            for (var i = 0; i < ids.Length; i++)
            {
                if (days[i] < day)
                    continue;
                var slot = SlotOf(ids[i], ids[i] * s_factor << StripeBits);
                (_ids[slot], _days[slot]) = (ids[i], days[i]);
            }
        }
    }
}
