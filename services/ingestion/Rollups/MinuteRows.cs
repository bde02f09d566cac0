namespace Mesh.Ingestion.Rollups;

/// <summary>Rows of minutes in order, each series, minute and scale once.</summary>
internal sealed class MinuteRows
{
    private MinuteRow[] _rows = [];

    public int Count { get; private set; }

    public ReadOnlySpan<MinuteRow> Rows => _rows.AsSpan(0, Count);

    public void Clear() => Count = 0;

    /// <summary>Adds a row of the last minute or a later one, in any order of scales.</summary>
    public void Add(in MinuteRow row)
    {
        // Nearly always it is the last row, or a new one behind it.
        var place = Count;
        for (; place > 0 && row.CompareTo(_rows[place - 1]) is var order && order <= 0; place--)
        {
            if (order == 0)
            {
                _rows[place - 1].Add(row);
                return;
            }
        }

        if (Count == _rows.Length)
            Array.Resize(ref _rows, Math.Max(1024, Count * 2));
        _rows.AsSpan(place, Count - place).CopyTo(_rows.AsSpan(place + 1));
        _rows[place] = row;
        Count++;
    }

    /// <summary>Takes in the rows of another.</summary>
    public void Merge(MinuteRows other)
    {
        // They are counted first: then they can be merged from the end, without a second array.
        var (a, b) = (Count - 1, other.Count - 1);
        var count = Count + other.Count - CountCommon(Rows, other.Rows);
        if (_rows.Length < count)
            Array.Resize(ref _rows, Math.Max(1024, count + count / 4));
        Count = count;
        for (var place = count - 1; b >= 0; place--)
        {
            ref readonly var row = ref other._rows[b];
            var order = a < 0 ? -1 : _rows[a].CompareTo(row);
            _rows[place] = order < 0 ? row : _rows[a];
            if (order == 0)
                _rows[place].Add(row);
            if (order <= 0)
                b--;
            if (order >= 0)
                a--;
        }
    }

    private static int CountCommon(ReadOnlySpan<MinuteRow> a, ReadOnlySpan<MinuteRow> b)
    {
        var common = 0;
        for (var (i, j) = (0, 0); i < a.Length && j < b.Length;)
        {
            var order = a[i].CompareTo(b[j]);
            common += order == 0 ? 1 : 0;
            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }

        return common;
    }
}
