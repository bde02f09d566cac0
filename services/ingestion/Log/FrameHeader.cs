using System.Buffers.Binary;

namespace Mesh.Ingestion.Log;

/// <summary>
/// What precedes each record in the log. The checksum covers the rest of the header, the payload and the record's
/// position, so a frame that lies at a place where it was not written is not taken for a record.
/// </summary>
public readonly record struct FrameHeader(int PayloadLength, uint Checksum, int Rows, BatchEnd End, long UnixMilliseconds)
{
    public const int Size = 24;

    /// <summary>The longest payload. Receivers take far smaller messages; a longer length is taken for damage.</summary>
    public const int MaxPayload = 64 << 20;

    private const uint EndsBatchFlag = 0x8000_0000;
    private const uint EndsRollupFlag = 0x4000_0000;

    public bool EndsBatch => End != BatchEnd.None;

    public long FrameLength => Size + (long)PayloadLength;

    /// <summary>Fills in the header of a frame whose payload already follows it.</summary>
    public static void Seal(Span<byte> frame, long position, int rows, BatchEnd end, long unixMilliseconds)
    {
        BinaryPrimitives.WriteInt32LittleEndian(frame, frame.Length - Size);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[8..], (uint)rows | FlagsOf(end));
        BinaryPrimitives.WriteUInt32LittleEndian(frame[12..], 0);
        BinaryPrimitives.WriteInt64LittleEndian(frame[16..], unixMilliseconds);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], ChecksumOf(frame, position));
    }

    /// <summary>Reads a header; false where no header can be.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out FrameHeader header)
    {
        header = default;
        if (bytes.Length < Size)
            return false;

        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        var rows = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        header = new FrameHeader(
            length,
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]),
            (int)(rows & ~(EndsBatchFlag | EndsRollupFlag)),
            (rows & EndsRollupFlag) != 0 ? BatchEnd.Rollup : (rows & EndsBatchFlag) != 0 ? BatchEnd.Batch : BatchEnd.None,
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]));
        return length is >= 0 and <= MaxPayload;
    }

    /// <summary>Whether the frame is whole and was written at this position.</summary>
    public bool Matches(ReadOnlySpan<byte> frame, long position) => Checksum == ChecksumOf(frame, position);

    private static uint FlagsOf(BatchEnd end) => end switch
    {
        BatchEnd.Batch => EndsBatchFlag,
        BatchEnd.Rollup => EndsBatchFlag | EndsRollupFlag,
        _ => 0,
    };

    private static uint ChecksumOf(ReadOnlySpan<byte> frame, long position)
    {
        Span<byte> place = stackalloc byte[12];
        BinaryPrimitives.WriteInt64LittleEndian(place, position);
        BinaryPrimitives.WriteInt32LittleEndian(place[8..], frame.Length);
        return Crc32C.Compute(frame[8..], Crc32C.Compute(place));
    }
}
