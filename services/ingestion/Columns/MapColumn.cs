using System.Text;

namespace Mesh.Ingestion.Columns;

/// <summary>Labels or attributes of a row: ClickHouse's Map(LowCardinality(String), String).</summary>
public sealed class MapColumn : Column, IDisposable
{
    private readonly ValueColumn<ulong> _ends = new("UInt64");
    private readonly DictionaryColumn _keys = new();
    private readonly StringColumn _values = new();

    public override string Type => "Map(LowCardinality(String), String)";

    public override int Rows => _ends.Rows;

    public override long Bytes => _ends.Bytes + _keys.Bytes + _values.Bytes;

    /// <summary>Adds a pair to the row that <see cref="EndRow"/> will end.</summary>
    public void AddPair(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        _keys.Add(key);
        _values.Add(value);
    }

    /// <inheritdoc cref="AddPair(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>
    public void AddPair(string key, string value)
    {
        _keys.Add(key);
        _values.Add(value);
    }

    public void EndRow() => _ends.Add((ulong)_keys.Rows);

    public override void Clear()
    {
        _ends.Clear();
        _keys.Clear();
        _values.Clear();
    }

    public override void Encode(ByteBuffer output)
    {
        output.WriteVarint((ulong)_keys.Rows);
        _ends.Encode(output);
        _keys.Encode(output);
        _values.Encode(output);
    }

    public override void Append(ref ByteReader input, int rows)
    {
        var before = (ulong)_keys.Rows;
        var pairs = input.ReadCount();
        var first = _ends.Rows;
        _ends.Append(ref input, rows);

        // Ends count from the record's first pair; here they count from the column's first pair.
        var previous = 0UL;
        foreach (ref var end in _ends.Span[first..])
        {
            if (end < previous || end > (ulong)pairs)
                throw new InvalidDataException("a map column in the record has impossible offsets");
            previous = end;
            end += before;
        }

        if (previous != (ulong)pairs)
            throw new InvalidDataException("a map column in the record has pairs without a row");
        _keys.Append(ref input, pairs);
        _values.Append(ref input, pairs);
    }

    public override void WriteNativePrefix(ByteBuffer output) => _keys.WriteNativePrefix(output);

    public override IEnumerable<ByteBuffer> WriteNative(ByteBuffer output) =>
        _ends.WriteNative(output).Concat(_keys.WriteNative(output)).Concat(_values.WriteNative(output));

    /// <summary>Reads the rows back in order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>[]> ReadAll()
    {
        var values = _values.ReadAll();
        var rows = new List<KeyValuePair<string, string>[]>(Rows);
        var pair = 0;
        foreach (var end in _ends.Values)
        {
            var row = new KeyValuePair<string, string>[(int)end - pair];
            for (var i = 0; i < row.Length; i++, pair++)
                row[i] = new(Encoding.UTF8.GetString(_keys[pair]), values[pair]);
            rows.Add(row);
        }

        return rows;
    }

    public void Dispose()
    {
        _keys.Dispose();
        _values.Dispose();
    }
}
