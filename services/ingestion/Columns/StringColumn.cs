using System.Text;

namespace Mesh.Ingestion.Columns;

/// <summary>Strings, each as a varint length and its bytes: the same in memory, in a record and in a Native block.</summary>
public sealed class StringColumn : Column, IDisposable
{
    private readonly ByteBuffer _bytes = new();
    private int _rows;

    public override string Type => "String";

    public override int Rows => _rows;

    public override long Bytes => _bytes.Length;

    public void Add(ReadOnlySpan<byte> utf8)
    {
        _bytes.WriteString(utf8);
        _rows++;
    }

    public void Add(string value)
    {
        _bytes.WriteString(value);
        _rows++;
    }

    public override void Clear()
    {
        _bytes.Clear();
        _rows = 0;
    }

    public override void Encode(ByteBuffer output) => output.WriteString(_bytes.Span);

    public override void Append(ref ByteReader input, int rows)
    {
        var bytes = input.ReadBytes();
        var check = new ByteReader(bytes);
        for (var row = 0; row < rows; row++)
            check.ReadBytes();
        if (check.Remaining != 0)
            throw new InvalidDataException("a string column in the record has the wrong number of rows");

        _bytes.Write(bytes);
        _rows += rows;
    }

    public override IEnumerable<ByteBuffer> WriteNative(ByteBuffer output)
    {
        for (var at = 0; at < _bytes.Length; at += StepBytes)
        {
            output.Write(_bytes.Span.Slice(at, Math.Min(StepBytes, _bytes.Length - at)));
            yield return output;
        }
    }

    /// <summary>Reads the rows back in order.</summary>
    public IReadOnlyList<string> ReadAll()
    {
        var values = new List<string>(_rows);
        var reader = new ByteReader(_bytes.Span);
        while (reader.Remaining > 0)
            values.Add(Encoding.UTF8.GetString(reader.ReadBytes()));
        return values;
    }

    public void Dispose() => _bytes.Dispose();
}
