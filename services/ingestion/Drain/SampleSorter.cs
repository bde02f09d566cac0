using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Drain;

/// <summary>
/// Brings a batch's samples into the order of the table: tenant, series, time. Sorting here by digits costs a fraction of what the
/// database would need, and neighbours compress well. Rows that are equal keep their order.
/// </summary>
public sealed class SampleSorter : IComparer<ulong>
{
    private const int DigitBits = 11, Passes = 3, IndexBits = 32;

    private readonly int[] _counts = new int[1 << DigitBits];
    private ulong[] _keys = [];
    private ulong[] _other = [];
    private SampleBlock _source = new();

    /// <summary>Fills <paramref name="target"/> with the rows of <paramref name="source"/> in order.</summary>
    public void Sort(SampleBlock source, SampleBlock target)
    {
        _source = source;
        var rows = source.Rows;
        if (_keys.Length < rows)
            (_keys, _other) = (new ulong[rows + rows / 4], new ulong[rows + rows / 4]);

        // The upper half of a key is that of the series, the lower half says which row it is.
        var series = source.Series.Values;
        for (var row = 0; row < rows; row++)
            _keys[row] = (series[row] & 0xFFFF_FFFF_0000_0000) | (uint)row;
        for (var pass = 0; pass < Passes; pass++)
            SortByDigit(rows, IndexBits + pass * DigitBits);
        if (source.Tenant.KeyCount > 1)
            SortByTenant(rows);
        Gather(rows, target);
    }

    /// <summary>The order of two rows of one tenant.</summary>
    public int Compare(ulong x, ulong y)
    {
        var (a, b) = ((int)(uint)x, (int)(uint)y);
        var order = _source.Series.Values[a].CompareTo(_source.Series.Values[b]);
        if (order == 0)
            order = _source.Time.Values[a].CompareTo(_source.Time.Values[b]);
        return order == 0 ? a.CompareTo(b) : order;
    }

    private void SortByDigit(int rows, int shift)
    {
        var from = _keys.AsSpan(0, rows);
        var to = _other.AsSpan(0, rows);
        var counts = _counts;
        const ulong mask = (1 << DigitBits) - 1;
        Array.Clear(counts);
        foreach (var key in from)
            counts[(int)(key >> shift & mask)]++;
        var place = 0;
        for (var digit = 0; digit < counts.Length; digit++)
            (counts[digit], place) = (place, place + counts[digit]);
        foreach (var key in from)
            to[counts[(int)(key >> shift & mask)]++] = key;
        (_keys, _other) = (_other, _keys);
    }

    private void SortByTenant(int rows)
    {
        var (column, places) = (_source.Tenant, new int[_source.Tenant.KeyCount]);
        foreach (var tenant in column.Indexes)
            places[tenant]++;
        var order = Enumerable.Range(0, places.Length).ToArray();
        Array.Sort(order, (a, b) => column.Key(a).SequenceCompareTo(column.Key(b)));
        var place = 0;
        foreach (var tenant in order)
            (places[tenant], place) = (place, place + places[tenant]);
        foreach (var key in _keys.AsSpan(0, rows))
            _other[places[column.Indexes[(int)(uint)key]]++] = key;
        (_keys, _other) = (_other, _keys);
    }

    // Rows whose series begin alike lie together now; most are of one series, and came in the order of time. What is gathered is
    // compared, because it is read from one end to the other; a stretch that is not in order is sorted and gathered again.
    private void Gather(int rows, SampleBlock target)
    {
        target.Clear();
        var keys = _keys.AsSpan(0, rows);
        target.Tenant.AddAt(_source.Tenant, keys);
        Gather(keys, _source.Series, target.Series);
        Gather(keys, _source.Time, target.Time);
        var series = target.Series.Span;
        var times = target.Time.Span;
        var tenants = target.Tenant.Indexes;
        for (var start = 0; start < rows;)
        {
            var end = start + 1;
            var sorted = true;
            for (; end < rows && (series[end] ^ series[start]) >> IndexBits == 0 && tenants[end] == tenants[start]; end++)
                sorted &= series[end - 1] < series[end] || (series[end - 1] == series[end] && times[end - 1] <= times[end]);
            for (var row = sorted ? end : Sorted(keys, start, end); row < end; row++)
                (series[row], times[row]) = (_source.Series.Values[(int)(uint)keys[row]], _source.Time.Values[(int)(uint)keys[row]]);
            start = end;
        }

        Gather(keys, _source.Scale, target.Scale);
        Gather(keys, _source.Mantissa, target.Mantissa);
    }

    private int Sorted(Span<ulong> keys, int start, int end)
    {
        keys[start..end].Sort(this);
        return start;
    }

    private static void Gather<T>(ReadOnlySpan<ulong> keys, ValueColumn<T> source, ValueColumn<T> target)
        where T : unmanaged
    {
        var from = source.Values;
        var to = target.Take(keys.Length);
        for (var row = 0; row < keys.Length; row++)
            to[row] = from[(int)(uint)keys[row]];
    }
}
