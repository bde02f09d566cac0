using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using System.Text;

namespace Mesh.Ingestion.Series;

/// <summary>
/// From labels as a sender writes them to the series' id, by a hash of the tenant and those bytes: a series that is sent
/// again is not taken apart again. Reading takes no lock: an id never changes under its key, so a reader sees an entry
/// wholly, or not yet and does the work itself. Bounded: a stripe that is full starts anew.
/// </summary>
public sealed class LabelCache(int capacity = 1 << 22)
{
    private const int StripeBits = 6;

    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);
    private readonly Stripe[] _stripes = [.. Enumerable.Range(0, 1 << StripeBits).Select(_ => new Stripe(Math.Max(64, capacity >> StripeBits)))];

    /// <summary>
    /// What the hashes of a tenant's keys begin with. It is a secret of this cache: otherwise somebody could write labels whose key is that
    /// of another tenant's, and take that one's samples into a series of his own.
    /// </summary>
    public ulong SeedOf(string tenant)
    {
        Span<byte> seed = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_secret, Encoding.UTF8.GetBytes(tenant), seed);
        return BitConverter.ToUInt64(seed);
    }

    /// <summary>What is known of labels.</summary>
    public KnownLabels Find(ulong key) => StripeOf(key).Find(Valid(key));

    /// <summary>Brings what is known of labels near the processor, so that the next question need not wait for the memory.</summary>
    public void Prefetch(ulong key) => StripeOf(key).Prefetch(Valid(key));

    /// <summary>Remembers the id of labels; the day is that of the series' durable row, 0 where it is not known to have one.</summary>
    public void Learn(ulong key, ulong id, int day) => StripeOf(key).Learn(Valid(key), id, day);

    // A free slot has key 0.
    private static ulong Valid(ulong key) => key == 0 ? 1 : key;

    private Stripe StripeOf(ulong key) => _stripes[key >> (64 - StripeBits)];

    private sealed class Stripe(int maxCount)
    {
        private readonly Lock _gate = new();
        private LabelEntry[] _entries = new LabelEntry[64];
        private int _count;

        public KnownLabels Find(ulong key)
        {
            ref var entry = ref SlotOf(Volatile.Read(ref _entries), key);
            return new KnownLabels(ref entry, Volatile.Read(ref entry.Key) == key);
        }

        public unsafe void Prefetch(ulong key)
        {
            var entries = Volatile.Read(ref _entries);
            // An address that the collector has changed meanwhile does no harm: nothing is read from it.
            if (Sse.IsSupported)
                Sse.Prefetch0(Unsafe.AsPointer(ref entries[(int)key & (entries.Length - 1)]));
        }

        public void Learn(ulong key, ulong id, int day)
        {
            lock (_gate)
            {
                ref var entry = ref SlotOf(_entries, key);
                if (entry.Key == 0 && ++_count * 4 > _entries.Length * 3)
                {
                    Resize();
                    entry = ref SlotOf(_entries, key);
                }

                entry.Id = id;
                entry.Day = day;
                // Last, and not before the rest can be seen.
                Volatile.Write(ref entry.Key, key);
            }
        }

        private static ref LabelEntry SlotOf(LabelEntry[] entries, ulong key)
        {
            var mask = entries.Length - 1;
            var slot = (int)key & mask;
            for (ulong held; (held = Volatile.Read(ref entries[slot].Key)) != 0 && held != key;)
                slot = (slot + 1) & mask;
            return ref entries[slot];
        }

        private void Resize()
        {
            var full = _count > maxCount;
            var larger = new LabelEntry[full ? 64 : (int)BitOperations.RoundUpToPowerOf2((uint)_entries.Length * 2)];
            _count = 1;
            foreach (var entry in full ? [] : _entries)
            {
                if (entry.Key == 0)
                    continue;
                SlotOf(larger, entry.Key) = entry;
                _count++;
            }

            Volatile.Write(ref _entries, larger);
        }
    }
}
