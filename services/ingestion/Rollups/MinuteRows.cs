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

    /// <summary>Becomes what two others come to together.</summary>
    public void Merge(MinuteRows first, MinuteRows second)
    {
        Clear();
        if (_rows.Length < first.Count + second.Count)
            _rows = new MinuteRow[Math.Max(1024, first.Count + second.Count)];
        var a = first.Rows;
        var b = second.Rows;
        while (a.Length > 0 && b.Length > 0)
        {
            if (a[0].CompareTo(b[0]) <= 0)
            {
                Add(a[0]);
                a = a[1..];
            }
            else
            {
                Add(b[0]);
                b = b[1..];
            }
        }

        foreach (ref readonly var row in (a.Length > 0 ? a : b))
            Add(row);
    }
}
