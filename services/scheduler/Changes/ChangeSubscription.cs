namespace Mesh.Scheduler.Changes;

/// <summary>Collects changes until they are taken. A change that waits already is not kept twice, so a slow reader stays bounded.</summary>
public sealed class ChangeSubscription(Func<Change, bool> filter, ChangeBus bus) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _signal = new(0, 1);
    private HashSet<Change> _pending = [];
    private bool _ended;

    /// <summary>What changed since the last call; waits for at least one change.</summary>
    public async Task<IReadOnlySet<Change>> NextAsync(CancellationToken cancellationToken)
    {
        await _signal.WaitAsync(cancellationToken);
        return Take();
    }

    /// <summary>The same, but gives up waiting after the timeout and answers an empty set.</summary>
    public async Task<IReadOnlySet<Change>> NextAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        await _signal.WaitAsync(timeout, cancellationToken);
        return Take();
    }

    public void Dispose()
    {
        bus.Remove(this);
        // Whoever publishes at this moment may still have it in hand.
        lock (_lock)
            _ended = true;
        _signal.Dispose();
    }

    internal void Offer(Change change)
    {
        if (change.Kind != ChangeKind.Everything && !filter(change))
            return;
        lock (_lock)
        {
            if (_ended)
                return;
            _pending.Add(change);
            if (_signal.CurrentCount == 0)
                _signal.Release();
        }
    }

    private HashSet<Change> Take()
    {
        lock (_lock)
        {
            var taken = _pending;
            _pending = [];
            return taken;
        }
    }
}
