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

    private static readonly CopyTag[] s_copies = [.. Enumerable.Range(0, 256).Select(tag => CopyTag.Of((byte)tag))];

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
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(output);
        ref var copies = ref MemoryMarshal.GetArrayDataReference(s_copies);
        var done = 0;
        for (var at = 0; at < source.Length;)
        {
            var tag = Unsafe.Add(ref from, at++);
            if ((tag & 3) == 0)
            {
                var count = (tag >> 2) + 1;
                if (count <= 16 && source.Length - at >= 16 && count <= length - done)
                {
                    Vector128.LoadUnsafe(ref from, (nuint)at).StoreUnsafe(ref to, (nuint)done);
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

            // Which kind of copy comes next cannot be foretold, so all are read by the same steps.
            var copy = Unsafe.Add(ref copies, tag);
            if (source.Length - at < copy.Width)
                throw Damaged("it ends within a copy");
            var word = source.Length - at >= 4 ? Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref from, at)) : ReadLast(source[at..]);
            var offset = copy.Upper + (word & copy.Mask);
            at += copy.Width;
            // Compared unsigned: an offset of 0 is too far as well.
            if (offset - 1 >= (uint)done || copy.Size > length - done)
                throw Damaged("a copy reaches outside of what is unpacked");
            Copy(ref to, done, (int)offset, copy.Size);
            done += copy.Size;
        }

        if (done != length)
            throw Damaged("it unpacks to another length than it says");
    }

    private static uint ReadLast(ReadOnlySpan<byte> rest)
    {
        var word = 0u;
        for (var i = 0; i < rest.Length; i++)
            word |= (uint)rest[i] << (8 * i);
        return word;
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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(ref byte to, int done, int offset, int size)
    {
        if (offset >= 16)
        {
            var i = 0;
            do
            {
                Vector128.LoadUnsafe(ref to, (nuint)(done - offset + i)).StoreUnsafe(ref to, (nuint)(done + i));
                i += 16;
            }
            while (i < size);
            return;
        }

        // What is copied overlaps what is being written, and repeats itself.
        for (var i = 0; i < size; i++)
            Unsafe.Add(ref to, done + i) = Unsafe.Add(ref to, done - offset + i);
    }

    private static InvalidDataException Damaged(string why) => new($"the snappy block is damaged: {why}");

    // What a copy's first byte says (§2.2): how many bytes it copies, how many follow that say how far back those are, and the offset's upper bits.
    private readonly record struct CopyTag(byte Size, byte Width, ushort Upper, uint Mask)
    {
        public static CopyTag Of(byte tag) => (tag & 3) switch
        {
            1 => new((byte)(((tag >> 2) & 7) + 4), 1, (ushort)(tag >> 5 << 8), 0xFF),
            2 => new((byte)((tag >> 2) + 1), 2, 0, 0xFFFF),
            _ => new((byte)((tag >> 2) + 1), 4, 0, 0xFFFF_FFFF),
        };
    }
}
