using System.Buffers.Binary;

namespace Mesh.Benchmarks.Ingest;

/// <summary>Compresses as snappy's block format has it: literals, and copies of what was seen within the same 64 KiB.</summary>
internal sealed class SnappyBlock
{
    private const int Window = 1 << 16, HashBits = 14;

    private readonly int[] _seen = new int[1 << HashBits];

    public static int MaxLength(int length) => 32 + length + length / 6;

    /// <summary>Compresses into <paramref name="output"/>, which has <see cref="MaxLength"/> bytes, and tells how many it took.</summary>
    public int Compress(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var length = 0;
        for (var rest = (uint)input.Length; ; rest >>= 7)
        {
            output[length++] = (byte)(rest < 0x80 ? rest : rest | 0x80);
            if (rest < 0x80)
                break;
        }

        for (; input.Length > 0; input = input[Math.Min(Window, input.Length)..])
            length += Fragment(input[..Math.Min(Window, input.Length)], output[length..]);
        return length;
    }

    private int Fragment(ReadOnlySpan<byte> input, Span<byte> output)
    {
        Array.Fill(_seen, -1);
        var (length, literal, at) = (0, 0, 0);
        while (at + 4 <= input.Length)
        {
            var word = BinaryPrimitives.ReadUInt32LittleEndian(input[at..]);
            ref var seen = ref _seen[word * 0x1E35A7BD >> (32 - HashBits)];
            var match = seen;
            seen = at;
            if (match < 0 || BinaryPrimitives.ReadUInt32LittleEndian(input[match..]) != word)
            {
                // The longer nothing repeats, the larger the steps.
                at += 1 + (at - literal >> 5);
                continue;
            }

            length += Literal(input[literal..at], output[length..]);
            var same = 4 + input[(at + 4)..].CommonPrefixLength(input[(match + 4)..]);
            length += Copy(at - match, same, output[length..]);
            at += same;
            literal = at;
        }

        return length + Literal(input[literal..], output[length..]);
    }

    private static int Literal(ReadOnlySpan<byte> bytes, Span<byte> output)
    {
        if (bytes.Length == 0)
            return 0;
        var (last, head) = (bytes.Length - 1, 1);
        if (last < 60)
            output[0] = (byte)(last << 2);
        else if (last < 256)
            (output[0], output[1], head) = (60 << 2, (byte)last, 2);
        else
            (output[0], output[1], output[2], head) = (61 << 2, (byte)last, (byte)(last >> 8), 3);
        bytes.CopyTo(output[head..]);
        return head + bytes.Length;
    }

    private static int Copy(int offset, int count, Span<byte> output)
    {
        var length = 0;
        for (; count > 0; length += 3)
        {
            var part = count > 64 ? Math.Min(60, count) : count;
            output[length] = (byte)(part - 1 << 2 | 2);
            BinaryPrimitives.WriteUInt16LittleEndian(output[(length + 1)..], (ushort)offset);
            count -= part;
        }

        return length;
    }
}
