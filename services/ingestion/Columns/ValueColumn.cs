using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mesh.Ingestion.Columns;

/// <summary>Numbers of one width, little-endian in every form: a record and a Native block hold them as memory does.</summary>
public sealed class ValueColumn<T>(string type) : Column
    where T : unmanaged
{
    private T[] _values = [];
    private int _rows;

    public override string Type => type;

    public override int Rows => _rows;

    public override long Bytes => (long)_rows * Unsafe.SizeOf<T>();

    public ReadOnlySpan<T> Values => _values.AsSpan(0, _rows);

    /// <summary>The rows, to be changed in place.</summary>
    public Span<T> Span => _values.AsSpan(0, _rows);

    public void Add(T value)
    {
        if (_rows == _values.Length)
            Reserve(1);
        _values[_rows++] = value;
    }

    public void Add(ReadOnlySpan<T> values) => values.CopyTo(Take(values.Length));

    /// <summary>Adds <paramref name="count"/> times the same value.</summary>
    public void Fill(T value, int count) => Take(count).Fill(value);

    /// <summary>Adds <paramref name="count"/> rows and returns them for the caller to fill.</summary>
    public Span<T> Take(int count)
    {
        Reserve(count);
        var span = _values.AsSpan(_rows, count);
        _rows += count;
        return span;
    }

    public override void Clear() => _rows = 0;

    public override void Encode(ByteBuffer output) => output.WriteValues(Values);

    public override void Append(ref ByteReader input, int rows) =>
        input.TakeValues<T>(rows).CopyTo(MemoryMarshal.AsBytes(Take(rows)));

    public override IEnumerable<ByteBuffer> WriteNative(ByteBuffer output)
    {
        const int rows = StepBytes / 8;
        for (var row = 0; row < _rows; row += rows)
        {
            output.WriteValues(Values.Slice(row, Math.Min(rows, _rows - row)));
            yield return output;
        }
    }

    private void Reserve(int count)
    {
        if (_rows + count > _values.Length)
            Array.Resize(ref _values, Math.Max(checked(_rows + count), Math.Max(256, _values.Length * 2)));
    }
}
