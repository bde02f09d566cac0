using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Log;

/// <summary>
/// A record on its way into the log: room for the frame's header, then the payload. The log owns it from the append on,
/// and completes <see cref="Durable"/> once it is on the disk.
/// </summary>
public sealed class LogRecord : IDisposable
{
    private readonly TaskCompletionSource<long> _durable = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public LogRecord(int capacity = 4096)
    {
        Bytes = new ByteBuffer(capacity + FrameHeader.Size);
        Bytes.Take(FrameHeader.Size).Clear();
    }

    /// <summary>The frame: the payload is appended here.</summary>
    public ByteBuffer Bytes { get; }

    /// <summary>How many rows the payload brings to the database.</summary>
    public int Rows { get; init; }

    /// <summary>Called under the log's lock when the record could not be made durable, before anything later is taken.</summary>
    public Action? Failed { get; init; }

    /// <summary>The record's position, once it is durable.</summary>
    public Task<long> Durable => _durable.Task;

    internal long Position { get; set; }

    public void Dispose() => Bytes.Dispose();

    internal void Complete() => _durable.TrySetResult(Position);

    internal void Fail(Exception exception)
    {
        Failed?.Invoke();
        _durable.TrySetException(exception);
    }
}
