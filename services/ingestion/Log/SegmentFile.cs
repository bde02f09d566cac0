using System.Buffers.Binary;
using System.Globalization;

namespace Mesh.Ingestion.Log;

/// <summary>
/// One file of the log. Its name is the position of its first frame; a position counts the bytes of all frames ever
/// written, so the next segment is named by the position at which this one ends.
/// </summary>
public static class SegmentFile
{
    /// <summary>The length of what precedes the first frame: a mark, the log's id, the first position, a checksum.</summary>
    public const int HeaderSize = 40;

    private const string Extension = ".log";
    private const string SpareExtension = ".spare";

    private static ReadOnlySpan<byte> Mark => "MESHLOG3"u8;

    public static string PathOf(string folder, long start) =>
        Path.Combine(folder, start.ToString("x16", CultureInfo.InvariantCulture) + Extension);

    /// <summary>Where the file of a segment lies that is not yet, or no longer, part of the log.</summary>
    public static string SpareOf(string folder, long start) => Path.ChangeExtension(PathOf(folder, start), SpareExtension);

    /// <summary>All files in the folder that may be written over.</summary>
    public static IEnumerable<string> Spares(string folder) => Directory.EnumerateFiles(folder, "*" + SpareExtension);

    /// <summary>The first positions of all segments in the folder, in order.</summary>
    public static List<long> Starts(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*" + Extension)
            .Select(path => long.Parse(Path.GetFileNameWithoutExtension(path), NumberStyles.HexNumber, CultureInfo.InvariantCulture))
            .Order()];

    public static byte[] Header(Guid logId, long start)
    {
        var header = new byte[HeaderSize];
        Mark.CopyTo(header);
        logId.TryWriteBytes(header.AsSpan(8));
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), start);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(32), Crc32C.Compute(header.AsSpan(0, 32)));
        return header;
    }

    /// <summary>Reads the log's id from a header; false where the header is torn or belongs to another place.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> header, long start, out Guid logId)
    {
        logId = default;
        if (header.Length < HeaderSize || !header.StartsWith(Mark)
            || BinaryPrimitives.ReadInt64LittleEndian(header[24..]) != start
            || BinaryPrimitives.ReadUInt32LittleEndian(header[32..]) != Crc32C.Compute(header[..32]))
            return false;

        logId = new Guid(header.Slice(8, 16));
        return true;
    }
}
