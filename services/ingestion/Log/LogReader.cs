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
        var durable = log.DurableEnd;
        if (Position >= durable)
            return false;

        Open();
        // What lies behind the last durable frame may be of the file's earlier use.
        if (!FrameFile.TryRead(_file!, _start, Position - _start, durable - _start, _buffer, out var header))
        {
            throw new InvalidDataException(Position < log.First
                ? $"the log no longer holds position {Position}"
                : $"the log is damaged at position {Position} of the segment that begins at {_start}");
        }

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
        if (_file is not null && log.Segments.IsWithin(_start, Position))
            return;

        Close();
        _file = log.Segments.Read(Position, out _start);
    }

    private void Close()
    {
        if (_file is null)
            return;

        _file.Dispose();
        _file = null;
        log.Segments.Return(_start);
    }
}
