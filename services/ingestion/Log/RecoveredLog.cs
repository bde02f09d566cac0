using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Log;

/// <summary>
/// What a folder holds when a log is opened: its id, where the last segment begins, and where the last whole frame ends.
/// What lies behind the last whole frame of the last segment is a torn tail, which was never acknowledged, or of the file's earlier
/// use; it is cut off, so that nothing of it can ever follow a later frame. Damage anywhere else is not repaired in silence.
/// </summary>
/// <param name="LogId">Made once for a folder; part of every deduplication token.</param>
/// <param name="LastSegment">The first position of the last segment.</param>
/// <param name="End">The position behind the last whole frame.</param>
/// <param name="CutBytes">How many bytes behind the last whole frame were cut off.</param>
public sealed record RecoveredLog(Guid LogId, long LastSegment, long End, long CutBytes)
{
    private const string IdFile = "log-id";

    /// <param name="folder">The log's folder; it is made where it is missing.</param>
    /// <param name="position">The checkpoint: a log that holds no segment begins here.</param>
    public static RecoveredLog Open(string folder, long position)
    {
        Directory.CreateDirectory(folder);
        var id = ReadOrMakeId(folder);
        var starts = SegmentFile.Starts(folder);
        if (starts.Count == 0)
            return new RecoveredLog(id, position, position, 0);

        var last = starts[^1];
        if (!HasHeader(folder, last, id))
            throw new InvalidDataException($"the log segment {SegmentFile.PathOf(folder, last)} does not belong to this log or is damaged");
        var (end, cut) = Scan(folder, last);
        return end < position
            ? throw new InvalidDataException($"the log ends at {end}, before the checkpoint at {position}")
            : new RecoveredLog(id, last, end, cut);
    }

    private static Guid ReadOrMakeId(string folder)
    {
        var path = Path.Combine(folder, IdFile);
        if (File.Exists(path))
            return Guid.Parse(File.ReadAllText(path));

        var id = Guid.NewGuid();
        Durable.Replace(path, System.Text.Encoding.ASCII.GetBytes(id.ToString()));
        return id;
    }

    private static bool HasHeader(string folder, long start, Guid id)
    {
        var header = new byte[SegmentFile.HeaderSize];
        using var file = File.OpenHandle(SegmentFile.PathOf(folder, start));
        var read = RandomAccess.Read(file, header, 0);
        return SegmentFile.TryReadHeader(header.AsSpan(0, read), start, out var found) && found == id;
    }

    private static (long End, long Cut) Scan(string folder, long start)
    {
        using var file = File.OpenHandle(SegmentFile.PathOf(folder, start), FileMode.Open, FileAccess.ReadWrite);
        using var buffer = new ByteBuffer(1 << 20);
        var length = RandomAccess.GetLength(file) - SegmentFile.HeaderSize;
        var offset = 0L;
        while (FrameFile.TryRead(file, start, offset, length, buffer, out var header))
            offset += header.FrameLength;

        if (offset < length)
            RandomAccess.SetLength(file, SegmentFile.HeaderSize + offset);

        // Whole frames count as durable from here on, and a kill may have come before they were.
        Durable.Data(file);
        return (start + offset, length - offset);
    }
}
