using System.Buffers.Binary;
using System.Text;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Snappy;

namespace Mesh.Ingestion.Tests.RemoteWrite;

/// <summary>A remote-write request as a test composes it, field by field.</summary>
internal sealed class WriteRequest
{
    private readonly ByteBuffer _bytes = new();

    /// <summary>Adds a series: labels as `name=value`, then its samples.</summary>
    public WriteRequest Series(string labels, params (long Milliseconds, double Value)[] samples) =>
        Raw(1, [.. Labels(labels), .. samples.SelectMany(sample => Sample(sample.Milliseconds, sample.Value))]);

    public WriteRequest Raw(int field, byte[] message)
    {
        _bytes.Write(Field(field, message));
        return this;
    }

    public byte[] ToArray() => _bytes.Span.ToArray();

    public byte[] Pack()
    {
        using var packed = new ByteBuffer();
        new SnappyEncoder().Encode(_bytes.Span, packed);
        return packed.Span.ToArray();
    }

    public static byte[] Labels(string labels) =>
        [.. labels.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(label => label.Split('=', 2)).SelectMany(pair => Label(pair[0], Encoding.UTF8.GetBytes(pair[1])))];

    public static byte[] Label(string name, byte[] value) => Field(1, [.. Field(1, Encoding.UTF8.GetBytes(name)), .. Field(2, value)]);

    public static byte[] Sample(long milliseconds, double value)
    {
        using var message = new ByteBuffer();
        message.WriteByte(0x09);
        BinaryPrimitives.WriteDoubleLittleEndian(message.Take(8), value);
        message.WriteByte(0x10);
        message.WriteVarint((ulong)milliseconds);
        return Field(2, message.Span.ToArray());
    }

    public static byte[] Field(int number, byte[] content)
    {
        using var bytes = new ByteBuffer();
        bytes.WriteVarint((ulong)((number << 3) | 2));
        bytes.WriteString(content);
        return bytes.Span.ToArray();
    }
}
