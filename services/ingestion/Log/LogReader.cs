using Mesh.Ingestion.Columns;
using Microsoft.Win32.SafeHandles;

namespace Mesh.Ingestion.Log;

/// <summary>Reads durable frames in order, from any frame's position.</summary>
public sealed class LogReader(WriteAheadLog log, long position) : IDisposable
{
    private readonly ByteBuffer _buffer = new(1 << 16);
    private SafeFileHandle? _file;
    private long _start;

    /// <summary>The position behind the last frame that was read.</summary>
    public long Position { get; private set; } = position;

    public FrameHeader Header { get; private set; }

    /// <summary>The payload of the last frame that was read; valid until the next read.</summary>
    public ReadOnlySpan<byte> Payload => _buffer.Span[FrameHeader.Size..];

    /// <summary>Reads the next durable frame; false when there is none yet.</summary>
    public bool TryRead()
    {
        if (Position >= log.DurableEnd)
            return false;

        Open();
        var length = RandomAccess.GetLength(_file!) - SegmentFile.HeaderSize;
        if (!FrameFile.TryRead(_file!, _start, Position - _start, length, _buffer, out var header))
            throw new InvalidDataException($"the log is damaged at position {Position} of the segment that begins at {_start}");

        Header = header;
        Position += header.FrameLength;
        return true;
    }

    /// <summary>Goes on at another frame's position.</summary>
    public void Seek(long position)
    {
        Position = position;
        Close();
    }

    public void Dispose()
    {
        Close();
        _buffer.Dispose();
    }

    private void Open()
    {
        if (_file is not null && Position < _start + RandomAccess.GetLength(_file) - SegmentFile.HeaderSize)
            return;

        Close();
        var starts = SegmentFile.Starts(log.Folder);
        var index = starts.FindLastIndex(start => start <= Position);
        if (index < 0)
            throw new InvalidDataException($"the log no longer holds position {Position}");
        _start = starts[index];
        _file = File.OpenHandle(SegmentFile.PathOf(log.Folder, _start), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
    }

    private void Close()
    {
        _file?.Dispose();
        _file = null;
    }
}
