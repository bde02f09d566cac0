using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Snappy;

/// <summary>
/// Unpacks snappy's block format (google/snappy, format_description.txt): the unpacked length as a varint, then literals
/// (§2.1) and copies of what was unpacked before (§2.2). Anything cut short or impossible is an
/// <see cref="InvalidDataException"/>.
/// </summary>
public static class SnappyDecoder
{
    /// <summary>Room behind the unpacked bytes: copies go in steps of 16 and may run over the end by less than that.</summary>
    public const int Slack = 16;

    // The densest element is a copy: three bytes for 64.
    private const int MaxRatio = 22;

    /// <summary>The length that the block says it unpacks to, and how many bytes say so.</summary>
    public static int ReadLength(ReadOnlySpan<byte> block, out int header)
    {
        ulong length = 0;
        for (header = 0; header < 5 && header < block.Length; header++)
        {
            length |= (ulong)(block[header] & 0x7f) << (7 * header);
            if (block[header] >= 0x80)
                continue;
            header++;
            // Said before anything is set aside: such a block cannot be whole.
            return length <= (ulong)(block.Length - header) * MaxRatio && length <= int.MaxValue - Slack
                ? (int)length
                : throw Damaged("it claims to unpack to more than it can");
        }

        throw Damaged("its length cannot be read");
    }

    /// <summary>Unpacks the block to the end of the buffer.</summary>
    public static void Decode(ReadOnlySpan<byte> block, ByteBuffer target)
    {
        var length = ReadLength(block, out var header);
        var start = target.Length;
        var output = target.Take(length + Slack);
        Decode(block[header..], output, length);
        target.CutTo(start + length);
    }

    private static void Decode(ReadOnlySpan<byte> source, Span<byte> output, int length)
    {
        ref var to = ref MemoryMarshal.GetReference(output);
        var done = 0;
        for (var at = 0; at < source.Length;)
        {
            var tag = source[at++];
            if ((tag & 3) == 0)
            {
                var count = (tag >> 2) + 1;
                if (count <= 16 && source.Length - at >= 16 && count <= length - done)
                {
                    Vector128.Create(source.Slice(at, 16)).StoreUnsafe(ref to, (nuint)done);
                }
                else
                {
                    if (count > 60)
                        count = ReadLong(source, ref at, count - 60);
                    if ((uint)count > (uint)(source.Length - at) || count > length - done)
                        throw Damaged("a literal is longer than what is left");
                    source.Slice(at, count).CopyTo(output[done..]);
                }

                at += count;
                done += count;
                continue;
            }

            var size = (tag & 3) == 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
            var offset = ReadOffset(source, ref at, tag);
            // Compared unsigned: an offset of 0 is too far as well.
            if (offset - 1 >= (uint)done || size > length - done)
                throw Damaged("a copy reaches outside of what is unpacked");
            Copy(ref to, done, (int)offset, size);
            done += size;
        }

        if (done != length)
            throw Damaged("it unpacks to another length than it says");
    }

    private static uint ReadOffset(ReadOnlySpan<byte> source, ref int at, byte tag)
    {
        var width = (tag & 3) switch { 1 => 1, 2 => 2, _ => 4 };
        if (source.Length - at < width)
            throw Damaged("it ends within a copy");
        var bytes = source.Slice(at, width);
        at += width;
        return width switch
        {
            1 => ((uint)(tag >> 5) << 8) | bytes[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            _ => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        };
    }

    private static int ReadLong(ReadOnlySpan<byte> source, ref int at, int width)
    {
        if (source.Length - at < width)
            throw Damaged("it ends within a literal");
        var count = 0u;
        for (var i = 0; i < width; i++)
            count |= (uint)source[at++] << (8 * i);
        return count < int.MaxValue ? (int)count + 1 : throw Damaged("a literal is longer than what is left");
    }

    // The bounds were checked; behind the unpacked length lies the slack.
    private static void Copy(ref byte to, int done, int offset, int size)
    {
        if (offset >= 16)
        {
            for (var i = 0; i < size; i += 16)
                Vector128.LoadUnsafe(ref to, (nuint)(done - offset + i)).StoreUnsafe(ref to, (nuint)(done + i));
            return;
        }

        // What is copied overlaps what is being written, and repeats itself.
        for (var i = 0; i < size; i++)
            Unsafe.Add(ref to, done + i) = Unsafe.Add(ref to, done - offset + i);
    }

    private static InvalidDataException Damaged(string why) => new($"the snappy block is damaged: {why}");
}
