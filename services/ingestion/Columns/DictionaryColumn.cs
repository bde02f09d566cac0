using System.Runtime.InteropServices;

namespace Mesh.Ingestion.Columns;

/// <summary>Strings of which few are distinct, as a dictionary and one index a row; ClickHouse's LowCardinality(String).</summary>
public sealed class DictionaryColumn : Column, IDisposable
{
    // The version of the keys' serialization, and the flags "has additional keys" and "needs an updated dictionary".
    private const ulong NativeVersion = 1;
    private const ulong NativeFlags = (1 << 9) | (1 << 10);

    private readonly KeyTable _keys = new();
    private readonly ValueColumn<int> _indexes = new("Int32");
    private int[] _remap = [];

    public override string Type => "LowCardinality(String)";

    public override int Rows => _indexes.Rows;

    public override long Bytes => _indexes.Bytes + _keys.Bytes;

    public void Add(ReadOnlySpan<byte> utf8) => _indexes.Add(_keys.IndexOf(utf8));

    public void Add(string value) => _indexes.Add(_keys.IndexOf(value));

    /// <summary>Adds <paramref name="count"/> times the same string.</summary>
    public void Fill(string value, int count) => _indexes.Fill(_keys.IndexOf(value), count);

    /// <summary>Adds <paramref name="count"/> times the same string.</summary>
    public void Fill(ReadOnlySpan<byte> utf8, int count) => _indexes.Fill(_keys.IndexOf(utf8), count);

    /// <summary>How many strings are distinct.</summary>
    public int KeyCount => _keys.Count;

    /// <summary>For each row the number of its string.</summary>
    public ReadOnlySpan<int> Indexes => _indexes.Values;

    /// <summary>The string of a number.</summary>
    public ReadOnlySpan<byte> Key(int number) => _keys[number];

    public ReadOnlySpan<byte> this[int row] => _keys[_indexes.Values[row]];

    public override void Clear()
    {
        _keys.Clear();
        _indexes.Clear();
    }

    public override void Encode(ByteBuffer output)
    {
        output.WriteVarint((ulong)_keys.Count);
        for (var key = 0; key < _keys.Count; key++)
            output.WriteString(_keys[key]);
        WriteIndexes(output, WidthOf(_keys.Count), Indexes);
    }

    public override void Append(ref ByteReader input, int rows)
    {
        var count = input.ReadCount();
        if (_remap.Length < count)
            _remap = new int[Math.Max(count, 64)];
        for (var key = 0; key < count; key++)
            _remap[key] = _keys.IndexOf(input.ReadBytes());

        var width = WidthOf(count);
        var source = input.Take(checked(rows << width));
        var target = _indexes.Take(rows);
        for (var row = 0; row < rows; row++)
        {
            var index = width switch
            {
                0 => source[row],
                1 => MemoryMarshal.Read<ushort>(source[(row * 2)..]),
                _ => MemoryMarshal.Read<int>(source[(row * 4)..]),
            };
            if ((uint)index >= (uint)count)
                throw new InvalidDataException("a dictionary column in the record names a key that it lacks");
            target[row] = _remap[index];
        }
    }

    public override void WriteNativePrefix(ByteBuffer output) => output.WriteUInt64(NativeVersion);

    public override IEnumerable<ByteBuffer> WriteNative(ByteBuffer output)
    {
        if (Rows == 0)
            yield break;

        var width = WidthOf(_keys.Count);
        output.WriteUInt64(NativeFlags | (ulong)width);
        output.WriteUInt64((ulong)_keys.Count);
        for (var key = 0; key < _keys.Count; key++)
            output.WriteString(_keys[key]);
        output.WriteUInt64((ulong)Rows);
        const int rows = StepBytes / 4;
        for (var row = 0; row < Rows; row += rows)
        {
            WriteIndexes(output, width, Indexes.Slice(row, Math.Min(rows, Rows - row)));
            yield return output;
        }
    }

    public void Dispose() => _keys.Dispose();

    // The width of an index as a power of two: 0 for one byte, 1 for two, 2 for four. ClickHouse numbers them alike.
    private static int WidthOf(int keys) => keys <= byte.MaxValue + 1 ? 0 : keys <= ushort.MaxValue + 1 ? 1 : 2;

    private static void WriteIndexes(ByteBuffer output, int width, ReadOnlySpan<int> indexes)
    {
        var target = output.Take(indexes.Length << width);
        switch (width)
        {
            case 0:
                for (var row = 0; row < indexes.Length; row++)
                    target[row] = (byte)indexes[row];
                break;
            case 1:
                var narrow = MemoryMarshal.Cast<byte, ushort>(target);
                for (var row = 0; row < indexes.Length; row++)
                    narrow[row] = (ushort)indexes[row];
                break;
            default:
                indexes.CopyTo(MemoryMarshal.Cast<byte, int>(target));
                break;
        }
    }
}
