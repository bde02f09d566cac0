using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Log;

/// <summary>
/// A record on its way into the log: room for the frame's header, then the payload. The log owns it from the append on,
/// and completes <see cref="Durable"/> once it is on the disk.
/// </summary>
public class LogRecord : IDisposable
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

    /// <summary>The record's position, once it is durable.</summary>
    public Task<long> Durable => _durable.Task;

    internal long Position { get; set; }

    public void Dispose()
    {
        Bytes.Dispose();
        GC.SuppressFinalize(this);
    }

    internal void Complete()
    {
        OnDurable();
        _durable.TrySetResult(Position);
    }

    internal void Fail(Exception exception)
    {
        OnFailed();
        _durable.TrySetException(exception);
    }

    /// <summary>Called by the log's own thread when the record is durable, in the order of the records.</summary>
    protected virtual void OnDurable()
    {
    }

    /// <summary>Called under the log's lock when the record is lost to the log, before the log takes any later one.</summary>
    protected virtual void OnFailed()
    {
    }
}
