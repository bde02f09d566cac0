namespace Mesh.Ingestion.Writers;

/// <summary>
/// One sender, known over reconnects and restarts: how far its batches are durable. Numbers grow one by one; what is
/// durable already is acknowledged and not written again.
/// </summary>
public sealed class Writer(string key, ulong durable, long seenMilliseconds)
{
    private readonly Lock _gate = new();
    private ulong _durable = durable;
    private ulong _taken = durable;
    private long _generation;
    private Task _last = Task.CompletedTask;

    public string Key => key;

    /// <summary>The number of the last durable batch; 0 for none.</summary>
    public ulong Durable => Volatile.Read(ref _durable);

    /// <summary>When the writer was last heard of.</summary>
    public long SeenMilliseconds { get; internal set; } = seenMilliseconds;

    // These two are the table's, under its lock: how many use the writer now, and its place among those that nobody uses.
    internal int Holders { get; set; }

    internal LinkedListNode<Writer>? Idle { get; set; }

    /// <summary>Whether it has written nothing and is about to write nothing: then there is nothing to remember.</summary>
    internal bool IsUnused
    {
        get
        {
            lock (_gate)
                return _taken == 0 && _last.IsCompleted;
        }
    }

    /// <summary>Begins a new turn of this writer and ends the one before; waits until that one's batches are settled.</summary>
    public async Task<long> OpenAsync(CancellationToken cancellationToken)
    {
        Task last;
        lock (_gate)
        {
            _generation++;
            last = _last;
        }

        await last.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();

        // A lost batch has ended the turn that began above, so the turn that counts begins here.
        lock (_gate)
            return ++_generation;
    }

    /// <summary>What is to be done with a batch of this number, in this turn.</summary>
    public BatchStanding Standing(ulong number, long generation)
    {
        lock (_gate)
        {
            if (_generation != generation)
                return BatchStanding.Superseded;
            if (number <= _taken)
                return BatchStanding.Taken;
            return _taken == 0 || number == _taken + 1 ? BatchStanding.Next : BatchStanding.Gap;
        }
    }

    /// <summary>Ends when the last batch that was taken is durable or lost.</summary>
    public Task Settled
    {
        get
        {
            lock (_gate)
                return _last;
        }
    }

    // Called under the log's lock: records of one writer enter the log in the order of their numbers, or not at all.
    internal bool Admit(ulong number, long generation, Task durable)
    {
        lock (_gate)
        {
            if (_generation != generation || number <= _taken || (_taken != 0 && number != _taken + 1))
                return false;
            _taken = number;
            _last = durable;
            return true;
        }
    }

    internal void Confirm(ulong number) => Volatile.Write(ref _durable, number);

    // What this writer sent behind the lost batch must not be taken: its turn is over.
    internal void Lose()
    {
        lock (_gate)
        {
            _generation++;
            _taken = _durable;
        }
    }
}
