using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Mesh.Ingestion.Tail;

/// <summary>One reader of new logs. What does not fit into its queue is left out and counted: it never holds up the others.</summary>
public sealed class TailSubscription(LogFilter filter, Action<TailSubscription> end) : IDisposable
{
    private const int MaxQueued = 10_000;
    private const long MaxQueuedBytes = 4 << 20;

    private readonly Channel<V1.LogRecord> _records = Channel.CreateBounded<V1.LogRecord>(
        new BoundedChannelOptions(MaxQueued) { SingleReader = true, SingleWriter = true });

    private long _dropped;
    private long _queuedBytes;
    private long _next = long.MaxValue;

    public LogFilter Filter => filter;

    /// <summary>Waits for a record; false when the subscription has ended.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken cancellationToken) => _records.Reader.WaitToReadAsync(cancellationToken);

    /// <summary>Takes the next record, if there is one.</summary>
    public bool TryRead([NotNullWhen(true)] out V1.LogRecord? record)
    {
        if (!_records.Reader.TryRead(out record))
            return false;
        Interlocked.Add(ref _queuedBytes, -record.CalculateSize());
        return true;
    }

    /// <summary>How many records were left out since this was asked last.</summary>
    public long TakeDropped() => Interlocked.Exchange(ref _dropped, 0);

    public void Dispose()
    {
        end(this);
        _records.Writer.TryComplete();
    }

    /// <summary>The log's position from which on records are new to this reader.</summary>
    internal long Next
    {
        get => Volatile.Read(ref _next);
        set => Volatile.Write(ref _next, value);
    }

    internal void Offer(V1.LogRecord record)
    {
        if (!filter.Takes(record))
            return;
        // One that is alone may be larger than the queue.
        var bytes = record.CalculateSize();
        var before = Interlocked.Add(ref _queuedBytes, bytes) - bytes;
        if ((before == 0 || before + bytes <= MaxQueuedBytes) && _records.Writer.TryWrite(record))
            return;
        Interlocked.Add(ref _queuedBytes, -bytes);
        Interlocked.Increment(ref _dropped);
    }
}
