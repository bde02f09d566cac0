using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Mesh.Ingestion.Columns;

/// <summary>Reads what <see cref="ByteBuffer"/> wrote; anything cut short or impossible is an <see cref="InvalidDataException"/>.</summary>
public ref struct ByteReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly int Remaining => _rest.Length;

    public ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)_rest.Length)
            throw new InvalidDataException("the record ends too early");

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    public byte ReadByte() => Take(1)[0];

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public ulong ReadVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = ReadByte();
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
                return value;
        }

        throw new InvalidDataException("a number in the record is too long");
    }

    /// <summary>Reads a count whose items take at least <paramref name="itemSize"/> bytes each, so it cannot exceed what is left.</summary>
    public int ReadCount(int itemSize = 1)
    {
        var count = ReadVarint();
        if (count > (ulong)(_rest.Length / itemSize))
            throw new InvalidDataException("a count in the record exceeds the record");
        return (int)count;
    }

    public ReadOnlySpan<byte> ReadBytes() => Take(ReadCount());

    public string ReadString() => Encoding.UTF8.GetString(ReadBytes());

    /// <summary>The next <paramref name="count"/> values, as they lie in the record.</summary>
    public ReadOnlySpan<byte> TakeValues<T>(int count)
        where T : unmanaged
    {
        var size = (long)count * Marshal.SizeOf<T>();
        return size > int.MaxValue ? throw new InvalidDataException("a column in the record is too long") : Take((int)size);
    }
}
