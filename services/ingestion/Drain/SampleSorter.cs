using System.Numerics;
using System.Runtime.CompilerServices;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Drain;

/// <summary>
/// Brings a batch's samples into the order of the table: tenant, series, time. Sorting here by digits costs a fraction of what the
/// database would need, and neighbours compress well. Rows that are equal keep their order.
/// </summary>
/// <remarks>
/// Rows go first into buckets, by their tenant and the first bits of their series, and are put in order bucket by bucket: what a bucket
/// holds fits into the processor's caches, what a batch holds does not.
/// </remarks>
public sealed class SampleSorter : IComparer<ulong>
{
    // A key is the upper half of the series' id, and below it the row's place in its bucket.
    private const int PlaceBits = 32;
    private const int DigitBits = 11;

    // About how many rows a bucket is to have, as a power of two; and up to how many comparing is faster than digits.
    private const int BucketRowBits = 10, FewRows = 256;

    private readonly int[] _counts = new int[1 << DigitBits];
    private int[] _places = [];
    private ulong[] _keys = [];
    private ulong[] _otherKeys = [];
    private ulong[] _series = [];
    private long[] _numbers = [];
    private byte[] _scales = [];

    /// <summary>Fills <paramref name="target"/> with the rows of <paramref name="source"/> in order.</summary>
    public void Sort(SampleBlock source, SampleBlock target)
    {
        target.Clear();
        if (source.Rows == 0)
            return;
        var tenants = OrderOf(source.Tenant);
        var bits = Math.Clamp(BitOperations.Log2((uint)(source.Rows / tenants.Length) | 1) - BucketRowBits, 0, DigitBits);
        var ends = Scatter(source, target, Ranks(tenants), bits);
        var start = 0;
        foreach (var end in ends)
        {
            SortBucket(
                target.Series.Span[start..end], target.Time.Span[start..end], target.Scale.Span[start..end], target.Mantissa.Span[start..end], bits);
            start = end;
        }

        start = 0;
        for (var rank = 0; rank < tenants.Length; rank++)
        {
            var end = ends[((rank + 1) << bits) - 1];
            if (end > start)
                target.Tenant.Fill(source.Tenant.Key(tenants[rank]), end - start);
            start = end;
        }
    }

    /// <summary>The order of two rows of the bucket that is being sorted.</summary>
    public int Compare(ulong x, ulong y)
    {
        var (a, b) = ((int)(uint)x, (int)(uint)y);
        var order = _series[a].CompareTo(_series[b]);
        if (order == 0)
            order = _numbers[a].CompareTo(_numbers[b]);
        return order == 0 ? a.CompareTo(b) : order;
    }

    // The numbers of all tenants, in the order of their names.
    private static int[] OrderOf(DictionaryColumn column)
    {
        var order = new int[column.KeyCount];
        for (var number = 0; number < order.Length; number++)
            order[number] = number;
        Array.Sort(order, (a, b) => column.Key(a).SequenceCompareTo(column.Key(b)));
        return order;
    }

    private static int[] Ranks(int[] order)
    {
        var ranks = new int[order.Length];
        for (var rank = 0; rank < order.Length; rank++)
            ranks[order[rank]] = rank;
        return ranks;
    }

    // Copies the rows bucket by bucket; returns where each bucket ends.
    private ReadOnlySpan<int> Scatter(SampleBlock source, SampleBlock target, int[] ranks, int bits)
    {
        var rows = source.Rows;
        var tenants = source.Tenant.Indexes;
        var series = source.Series.Values;
        var times = source.Time.Values;
        var scales = source.Scale.Values;
        var mantissas = source.Mantissa.Values;
        if (_places.Length < ranks.Length << bits)
            _places = new int[ranks.Length << bits];
        var places = _places.AsSpan(0, ranks.Length << bits);
        places.Clear();
        for (var row = 0; row < rows; row++)
            places[BucketOf(ranks[tenants[row]], series[row], bits)]++;
        var place = 0;
        foreach (ref var count in places)
            (count, place) = (place, place + count);

        var toSeries = target.Series.Take(rows);
        var toTimes = target.Time.Take(rows);
        var toScales = target.Scale.Take(rows);
        var toMantissas = target.Mantissa.Take(rows);
        for (var row = 0; row < rows; row++)
        {
            var to = places[BucketOf(ranks[tenants[row]], series[row], bits)]++;
            toSeries[to] = series[row];
            toTimes[to] = times[row];
            toScales[to] = scales[row];
            toMantissas[to] = mantissas[row];
        }

        return places;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int BucketOf(int rank, ulong series, int bits) => (rank << bits) | (int)(series >> 1 >> (63 - bits));

    private void SortBucket(Span<ulong> series, Span<long> times, Span<byte> scales, Span<long> mantissas, int bits)
    {
        if (series.Length < 2)
            return;
        Reserve(series.Length);
        var keys = SortKeys(series, bits);

        // Most rows whose series begin alike are of one series, and came in the order of time. What is brought in order is compared,
        // because it is read from one end to the other; a stretch that is not in order is sorted, and brought again.
        series.CopyTo(_series);
        times.CopyTo(_numbers);
        Gather(keys, _series, series);
        Gather(keys, _numbers, times);
        for (var start = 0; start < series.Length;)
        {
            var end = start + 1;
            var sorted = true;
            for (; end < series.Length && (series[end] ^ series[start]) >> PlaceBits == 0; end++)
                sorted &= series[end - 1] < series[end] || (series[end - 1] == series[end] && times[end - 1] <= times[end]);
            if (!sorted)
            {
                keys[start..end].Sort(this);
                Gather(keys[start..end], _series, series[start..end]);
                Gather(keys[start..end], _numbers, times[start..end]);
            }

            start = end;
        }

        scales.CopyTo(_scales);
        Gather(keys, _scales, scales);
        mantissas.CopyTo(_numbers);
        Gather(keys, _numbers, mantissas);
    }

    // The bucket's keys in order. The first bits of all of them are the same.
    private Span<ulong> SortKeys(ReadOnlySpan<ulong> series, int bits)
    {
        for (var row = 0; row < series.Length; row++)
            _keys[row] = (series[row] >> PlaceBits << PlaceBits) | (uint)row;
        if (series.Length <= FewRows)
            _keys.AsSpan(0, series.Length).Sort();
        else
        {
            for (var shift = PlaceBits; shift < 64 - bits; shift += DigitBits)
                SortByDigit(series.Length, shift);
        }

        return _keys.AsSpan(0, series.Length);
    }

    private void SortByDigit(int rows, int shift)
    {
        const ulong mask = (1 << DigitBits) - 1;
        var from = _keys.AsSpan(0, rows);
        var to = _otherKeys.AsSpan(0, rows);
        var counts = _counts;
        Array.Clear(counts);
        foreach (var key in from)
            counts[(int)(key >> shift & mask)]++;
        var place = 0;
        for (var digit = 0; digit < counts.Length; digit++)
            (counts[digit], place) = (place, place + counts[digit]);
        foreach (var key in from)
            to[counts[(int)(key >> shift & mask)]++] = key;
        (_keys, _otherKeys) = (_otherKeys, _keys);
    }

    private static void Gather<T>(ReadOnlySpan<ulong> keys, T[] from, Span<T> to)
    {
        for (var row = 0; row < keys.Length; row++)
            to[row] = from[(int)(uint)keys[row]];
    }

    private void Reserve(int rows)
    {
        if (_keys.Length >= rows)
            return;
        rows = (int)BitOperations.RoundUpToPowerOf2((uint)rows);
        (_keys, _otherKeys, _series, _numbers, _scales) = (new ulong[rows], new ulong[rows], new ulong[rows], new long[rows], new byte[rows]);
    }
}
