using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Log;

/// <summary>
/// What a folder holds when a log is opened: its id, where the last segment begins, and where the last whole frame ends.
/// A torn tail of the last segment was never acknowledged and is cut off; damage anywhere else is not repaired in silence.
/// </summary>
/// <param name="LogId">Made once for a folder; part of every deduplication token.</param>
/// <param name="First">The first position that the folder still holds.</param>
/// <param name="LastSegment">The first position of the last segment.</param>
/// <param name="End">The position behind the last whole frame.</param>
/// <param name="CutBytes">How many bytes of a torn tail were cut off.</param>
public sealed record RecoveredLog(Guid LogId, long First, long LastSegment, long End, long CutBytes)
{
    private const string IdFile = "log-id";

    /// <param name="folder">The log's folder; it is made where it is missing.</param>
    /// <param name="position">The checkpoint: a log that holds no segment begins here.</param>
    public static RecoveredLog Open(string folder, long position)
    {
        Directory.CreateDirectory(folder);
        var id = ReadOrMakeId(folder);
        var starts = SegmentFile.Starts(folder);

        // The last segment's own header may be torn: the crash came while it was made, and it holds nothing.
        var cut = 0L;
        while (starts.Count > 0 && !HasHeader(folder, starts[^1], id))
        {
            var path = SegmentFile.PathOf(folder, starts[^1]);
            cut += new FileInfo(path).Length;
            if (cut > SegmentFile.HeaderSize)
                throw new InvalidDataException($"the log segment {path} does not belong to this log or is damaged");
            File.Delete(path);
            starts.RemoveAt(starts.Count - 1);
        }

        if (starts.Count == 0)
            return new RecoveredLog(id, position, position, position, cut);

        var last = starts[^1];
        var (end, torn) = Scan(folder, last);
        return end < position
            ? throw new InvalidDataException($"the log ends at {end}, before the checkpoint at {position}")
            : new RecoveredLog(id, starts[0], last, end, cut + torn);
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

    private static (long End, long Torn) Scan(string folder, long start)
    {
        using var file = File.OpenHandle(SegmentFile.PathOf(folder, start), FileMode.Open, FileAccess.ReadWrite);
        using var buffer = new ByteBuffer(1 << 20);
        var length = RandomAccess.GetLength(file) - SegmentFile.HeaderSize;
        var offset = 0L;
        while (FrameFile.TryRead(file, start, offset, length, buffer, out var header))
            offset += header.FrameLength;

        if (offset < length)
        {
            RandomAccess.SetLength(file, SegmentFile.HeaderSize + offset);
            Durable.Data(file);
        }

        return (start + offset, length - offset);
    }
}
