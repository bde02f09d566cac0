using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Mesh.Ingestion.Query;

namespace Mesh.Ingestion.Tail;

/// <summary>One reader of new logs. What does not fit into its queue is left out and counted: it never holds up the others.</summary>
/// <param name="filter">What it takes.</param>
/// <param name="end">Told when it ends.</param>
/// <param name="relayed">Whether another replica reads, for a reader of its own.</param>
public sealed class TailSubscription(LogFilter filter, Action<TailSubscription> end, bool relayed = false) : IDisposable
{
    private const int MaxQueued = 10_000;
    private const long MaxQueuedBytes = 4 << 20;

    private readonly Channel<(V1.LogRecord Record, TailedRow Row)> _records = Channel.CreateBounded<(V1.LogRecord, TailedRow)>(
        new BoundedChannelOptions(MaxQueued) { SingleReader = true, SingleWriter = true });

    private long _dropped;
    private long _queuedBytes;
    private long _next = long.MaxValue;
    private TailedRow _start;
    private TailedRow _reached;

    public LogFilter Filter => filter;

    public bool Relayed => relayed;

    /// <summary>Behind the last record that was taken, or behind what came after it and did not match; the start before the first.</summary>
    public TailedRow Reached => _reached;

    /// <summary>Waits for a record; false when the subscription has ended.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken cancellationToken) => _records.Reader.WaitToReadAsync(cancellationToken);

    /// <summary>Takes the next record, if there is one.</summary>
    public bool TryRead([NotNullWhen(true)] out V1.LogRecord? record)
    {
        var read = _records.Reader.TryRead(out var item);
        record = read ? item.Record : null;
        if (record is null)
            return false;
        _reached = item.Row with { Row = item.Row.Row + 1 };
        Interlocked.Add(ref _queuedBytes, -record.CalculateSize());
        return true;
    }

    /// <summary>Takes what fits into one message, and what was left out.</summary>
    public V1.TailReplicaResponse TakePage()
    {
        // Asked first: what lies before it has been offered by now.
        var next = Next;
        var (page, bytes) = (new V1.TailReplicaResponse { Dropped = TakeDropped() }, 0);
        while (page.Records.Count < Pages.MaxItems && bytes < Pages.MaxBytes)
        {
            if (!TryRead(out var record))
            {
                if (next > _reached.Frame)
                    _reached = new(next, 0);
                break;
            }

            page.Records.Add(record);
            bytes += record.CalculateSize();
        }

        return page;
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

    /// <summary>Begins at a row; what stands before it in its frame is known to the reader.</summary>
    internal void Begin(TailedRow start)
    {
        (_start, _reached) = (start, start);
        Next = start.Frame;
    }

    internal void Offer(V1.LogRecord record, TailedRow row = default)
    {
        if (row.Frame == _start.Frame && row.Row < _start.Row || !filter.Takes(record))
            return;
        // One that is alone may be larger than the queue.
        var bytes = record.CalculateSize();
        var before = Interlocked.Add(ref _queuedBytes, bytes) - bytes;
        if ((before == 0 || before + bytes <= MaxQueuedBytes) && _records.Writer.TryWrite((record, row)))
            return;
        Interlocked.Add(ref _queuedBytes, -bytes);
        Interlocked.Increment(ref _dropped);
    }
}
