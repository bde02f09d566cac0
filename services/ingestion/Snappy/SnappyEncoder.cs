using System.Buffers.Binary;
using System.Numerics;
using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Snappy;

/// <summary>
/// Packs into snappy's block format (google/snappy, format_description.txt). Matches are looked for within 64 KiB by a hash
/// of four bytes; where none is found for long, the steps grow, so what cannot be packed costs little.
/// </summary>
public sealed class SnappyEncoder
{
    private const int FragmentBytes = 1 << 16;
    private const int HashBits = 14;

    private readonly ushort[] _table = new ushort[1 << HashBits];

    public void Encode(ReadOnlySpan<byte> source, ByteBuffer target)
    {
        target.WriteVarint((ulong)source.Length);
        for (; source.Length > 0; source = source[Math.Min(FragmentBytes, source.Length)..])
            EncodeFragment(source[..Math.Min(FragmentBytes, source.Length)], target);
    }

    private void EncodeFragment(ReadOnlySpan<byte> source, ByteBuffer target)
    {
        Array.Clear(_table);
        var literal = 0;
        var missed = 32;
        for (var at = 1; at + 4 <= source.Length;)
        {
            var word = BinaryPrimitives.ReadUInt32LittleEndian(source[at..]);
            ref var slot = ref _table[(word * 0x1E35A7BD) >> (32 - HashBits)];
            var candidate = (int)slot;
            slot = (ushort)at;
            if (BinaryPrimitives.ReadUInt32LittleEndian(source[candidate..]) != word)
            {
                at += missed++ >> 5;
                continue;
            }

            var length = 4 + source[(at + 4)..].CommonPrefixLength(source[(candidate + 4)..]);
            WriteLiteral(source[literal..at], target);
            WriteCopy(at - candidate, length, target);
            at += length;
            literal = at;
            missed = 32;
        }

        WriteLiteral(source[literal..], target);
    }

    private static void WriteLiteral(ReadOnlySpan<byte> bytes, ByteBuffer target)
    {
        if (bytes.Length == 0)
            return;
        var count = (uint)bytes.Length - 1;
        if (count < 60)
        {
            target.WriteByte((byte)(count << 2));
        }
        else
        {
            var width = (BitOperations.Log2(count) >> 3) + 1;
            target.WriteByte((byte)((59 + width) << 2));
            for (var i = 0; i < width; i++)
                target.WriteByte((byte)(count >> (8 * i)));
        }

        target.Write(bytes);
    }

    private static void WriteCopy(int offset, int length, ByteBuffer target)
    {
        // A copy has at most 64 bytes; the last one is kept at four or more, which is what the short form needs.
        for (; length >= 68; length -= 64)
            WriteCopy2(offset, 64, target);
        if (length > 64)
        {
            WriteCopy2(offset, 60, target);
            length -= 60;
        }

        if (length < 12 && offset < 2048)
        {
            target.WriteByte((byte)(1 | ((length - 4) << 2) | ((offset >> 8) << 5)));
            target.WriteByte((byte)offset);
        }
        else
        {
            WriteCopy2(offset, length, target);
        }
    }

    private static void WriteCopy2(int offset, int length, ByteBuffer target)
    {
        target.WriteByte((byte)(2 | ((length - 1) << 2)));
        target.WriteByte((byte)offset);
        target.WriteByte((byte)(offset >> 8));
    }
}
