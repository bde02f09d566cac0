using System.Threading.Channels;

namespace Mesh.Ingestion.Tail;

/// <summary>One reader of new logs. What does not fit into its queue is left out and counted: it never holds up the others.</summary>
public sealed class TailSubscription(LogFilter filter, Action<TailSubscription> end) : IDisposable
{
    private const int MaxQueued = 10_000;

    private readonly Channel<V1.LogRecord> _records = Channel.CreateBounded<V1.LogRecord>(
        new BoundedChannelOptions(MaxQueued) { SingleReader = true, SingleWriter = true });

    private long _dropped;
    private long _next = long.MaxValue;

    public LogFilter Filter => filter;

    public ChannelReader<V1.LogRecord> Records => _records.Reader;

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
        if (filter.Takes(record) && !_records.Writer.TryWrite(record))
            Interlocked.Increment(ref _dropped);
    }
}
