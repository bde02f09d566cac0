using System.Buffers.Binary;
using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Receiving;

/// <summary>Writes protobuf's wire format by fields.</summary>
internal static class WireWriter
{
    public static void WriteField(this ByteBuffer buffer, int number, ReadOnlySpan<byte> content)
    {
        buffer.WriteVarint((ulong)((number << 3) | 2));
        buffer.WriteString(content);
    }

    public static void WriteField(this ByteBuffer buffer, int number, long value)
    {
        buffer.WriteVarint((ulong)(number << 3));
        buffer.WriteVarint((ulong)value);
    }

    public static void WriteField(this ByteBuffer buffer, int number, double value)
    {
        buffer.WriteVarint((ulong)((number << 3) | 1));
        BinaryPrimitives.WriteDoubleLittleEndian(buffer.Take(8), value);
    }

    /// <summary>A field of bytes whose length is given before they are written.</summary>
    public static void WriteHeader(this ByteBuffer buffer, int number, int length)
    {
        buffer.WriteVarint((ulong)((number << 3) | 2));
        buffer.WriteVarint((ulong)length);
    }

    /// <summary>How many bytes a number takes.</summary>
    public static int SizeOf(long value) => (70 - System.Numerics.BitOperations.LeadingZeroCount((ulong)value | 1)) / 7;
}
