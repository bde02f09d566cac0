using System.Buffers.Binary;
using System.Numerics;
using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Tests.Series;

/// <summary>What somebody does who wants his bytes to have another's hash: xxHash is fast and well spread, and no secret.</summary>
internal static class EngineeredHash
{
    private const ulong Prime1 = 0x9E3779B185EBCA87;
    private const ulong Prime2 = 0xC2B2AE3D27D4EB4F;
    private const ulong Prime3 = 0x165667B19E3779F9;
    private const ulong Prime4 = 0x85EBCA77C2B2AE63;

    /// <summary>Sets the last eight bytes so that the whole has the hash. The length must be a whole number of words, and none of stripes.</summary>
    public static void Meet(Span<byte> bytes, ulong hash, ulong seed)
    {
        var last = bytes[^8..];
        var held = BinaryPrimitives.ReadUInt64LittleEndian(last);
        var before = StateBehindLastWord(XxHash64.Compute(bytes, seed)) ^ Round(held);
        BinaryPrimitives.WriteUInt64LittleEndian(last, RoundBack(before ^ StateBehindLastWord(hash)));
    }

    // Everything that follows the last word can be turned back.
    private static ulong StateBehindLastWord(ulong hash)
    {
        hash = (hash ^ (hash >> 32)) * Inverse(Prime3);
        hash = (hash ^ (hash >> 29) ^ (hash >> 58)) * Inverse(Prime2);
        hash ^= hash >> 33;
        return BitOperations.RotateRight((hash - Prime4) * Inverse(Prime1), 27);
    }

    private static ulong Round(ulong word) => BitOperations.RotateLeft(word * Prime2, 31) * Prime1;

    private static ulong RoundBack(ulong round) => BitOperations.RotateRight(round * Inverse(Prime1), 31) * Inverse(Prime2);

    private static ulong Inverse(ulong odd)
    {
        var inverse = odd;
        for (var i = 0; i < 6; i++)
            inverse *= 2 - odd * inverse;
        return inverse;
    }
}
