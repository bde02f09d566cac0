using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Mesh.Ingestion.Receiving;

/// <summary>
/// Reads protobuf's wire format (protobuf.dev, "Encoding") without objects; anything cut short or impossible is an
/// <see cref="InvalidDataException"/>.
/// </summary>
public ref struct WireReader(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> _message = message;

    /// <summary>How far the message has been read.</summary>
    public int Position { get; private set; }

    public readonly bool AtEnd => Position >= _message.Length;

    /// <summary>A field's number, three bits further up, and its wire type.</summary>
    public uint ReadTag()
    {
        var tag = ReadVarint();
        return tag is >= 8 and <= uint.MaxValue ? (uint)tag : throw Damaged("a field has no number");
    }

    public ulong ReadVarint()
    {
        var position = Position;
        if ((uint)position < (uint)_message.Length && _message[position] < 0x80)
        {
            Position = position + 1;
            return _message[position];
        }

        ulong value = 0;
        for (var shift = 0; shift < 70 && position < _message.Length; shift += 7)
        {
            var part = _message[position++];
            value |= (ulong)(part & 0x7f) << shift;
            if (part >= 0x80)
                continue;
            Position = position;
            return value;
        }

        throw Damaged("a number does not end");
    }

    public ReadOnlySpan<byte> ReadBytes()
    {
        var length = ReadVarint();
        return length <= (ulong)(_message.Length - Position) ? Take((int)length) : throw Damaged("a field is longer than its message");
    }

    public double ReadDouble() => BinaryPrimitives.ReadDoubleLittleEndian(Take(8));

    public ulong ReadFixed64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>Reads a repeated field of 64 bits each, whether packed or not, to the end of a list.</summary>
    public void ReadFixed<T>(uint tag, List<T> target)
        where T : unmanaged
    {
        var bytes = (tag & 7) == 2 ? ReadBytes() : Take(8);
        if (bytes.Length % 8 != 0)
            throw Damaged("a list ends within a number");
        target.AddRange(MemoryMarshal.Cast<byte, T>(bytes));
    }

    /// <summary>Goes on to the next field of this number that is a message or a text, past all others; false at the end.</summary>
    public bool TryReadMessage(int number, out ReadOnlySpan<byte> message)
    {
        while (!AtEnd)
        {
            var tag = ReadTag();
            if (tag == (((uint)number << 3) | 2))
            {
                message = ReadBytes();
                return true;
            }

            Skip(tag);
        }

        message = [];
        return false;
    }

    public void Skip(uint tag)
    {
        switch (tag & 7)
        {
            case 0:
                ReadVarint();
                break;
            case 1:
                Take(8);
                break;
            case 2:
                ReadBytes();
                break;
            case 5:
                Take(4);
                break;
            default:
                throw Damaged("a field has an unknown type");
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _message.Length - Position)
            throw Damaged("it ends within a field");
        var taken = _message.Slice(Position, count);
        Position += count;
        return taken;
    }

    private static InvalidDataException Damaged(string why) => new($"the message is damaged: {why}");
}
