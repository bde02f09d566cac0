using System.Buffers.Binary;
using System.Numerics;

namespace Mesh.Ingestion.Columns;

/// <summary>The 64-bit xxHash: fast, well spread, the same on every machine and in every version.</summary>
public static class XxHash64
{
    private const ulong Prime1 = 0x9E3779B185EBCA87;
    private const ulong Prime2 = 0xC2B2AE3D27D4EB4F;
    private const ulong Prime3 = 0x165667B19E3779F9;
    private const ulong Prime4 = 0x85EBCA77C2B2AE63;
    private const ulong Prime5 = 0x27D4EB2F165667C5;

    public static ulong Compute(ReadOnlySpan<byte> input, ulong seed = 0)
    {
        var length = (ulong)input.Length;
        var hash = input.Length >= 32 ? Stripes(ref input, seed) : seed + Prime5;
        hash += length;

        for (; input.Length >= 8; input = input[8..])
            hash = BitOperations.RotateLeft(hash ^ Round(0, Word(input)), 27) * Prime1 + Prime4;

        if (input.Length >= 4)
        {
            hash = BitOperations.RotateLeft(hash ^ BinaryPrimitives.ReadUInt32LittleEndian(input) * Prime1, 23) * Prime2 + Prime3;
            input = input[4..];
        }

        foreach (var value in input)
            hash = BitOperations.RotateLeft(hash ^ value * Prime5, 11) * Prime1;

        hash = (hash ^ (hash >> 33)) * Prime2;
        hash = (hash ^ (hash >> 29)) * Prime3;
        return hash ^ (hash >> 32);
    }

    private static ulong Stripes(ref ReadOnlySpan<byte> input, ulong seed)
    {
        var a = seed + Prime1 + Prime2;
        var b = seed + Prime2;
        var c = seed;
        var d = seed - Prime1;
        for (; input.Length >= 32; input = input[32..])
        {
            a = Round(a, Word(input));
            b = Round(b, Word(input[8..]));
            c = Round(c, Word(input[16..]));
            d = Round(d, Word(input[24..]));
        }

        var hash = BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7)
            + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18);
        return Merge(Merge(Merge(Merge(hash, a), b), c), d);
    }

    private static ulong Word(ReadOnlySpan<byte> input) => BinaryPrimitives.ReadUInt64LittleEndian(input);

    private static ulong Round(ulong state, ulong word) => BitOperations.RotateLeft(state + word * Prime2, 31) * Prime1;

    private static ulong Merge(ulong hash, ulong state) => (hash ^ Round(0, state)) * Prime1 + Prime4;
}
