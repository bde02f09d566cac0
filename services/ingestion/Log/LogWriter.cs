using Microsoft.Win32.SafeHandles;

namespace Mesh.Ingestion.Log;

/// <summary>Writes groups of frames to the last segment, rolls segments, and brings them onto the disk.</summary>
internal sealed class LogWriter : IDisposable
{
    private readonly LogSegments _segments;
    private readonly long _segmentBytes;
    private readonly List<ReadOnlyMemory<byte>> _buffers = [];
    private SafeFileHandle _file;
    private long _start;

    public LogWriter(LogSegments segments, RecoveredLog recovered, long segmentBytes)
    {
        _segments = segments;
        _segmentBytes = segmentBytes;
        _start = recovered.LastSegment;
        End = recovered.End;
        _file = segments.OpenLast();
    }

    /// <summary>The position behind the last durable frame.</summary>
    public long End { get; private set; }

    /// <summary>Writes sealed frames, one behind the other from <see cref="End"/> on, and returns when they are durable.</summary>
    public void Write(IReadOnlyList<LogRecord> records)
    {
        if (End - _start >= _segmentBytes)
            Roll();

        _buffers.Clear();
        var length = 0L;
        foreach (var record in records)
        {
            _buffers.Add(record.Bytes.Memory);
            length += record.Bytes.Length;
        }

        var offset = SegmentFile.HeaderSize + End - _start;
        try
        {
            RandomAccess.Write(_file, _buffers, offset);
        }
        catch (IOException)
        {
            // Usually a full disk. What was written of the group was never acknowledged: it is cut off again.
            RandomAccess.SetLength(_file, offset);
            throw;
        }

        Durable.Data(_file);
        End += length;
    }

    public void Dispose() => _file.Dispose();

    private void Roll()
    {
        var next = _segments.Begin(End);
        _file.Dispose();
        (_file, _start) = (next, End);
    }
}
