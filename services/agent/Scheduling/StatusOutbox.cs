namespace Mesh.Agent.Scheduling;

/// <summary>
/// Which allocations the scheduler has to hear of. Only the newest status of each counts, so the outbox is never larger
/// than the node is full.
/// </summary>
internal sealed class StatusOutbox : IDisposable
{
    private readonly Lock gate = new();
    private readonly HashSet<string> due = [];
    private readonly SemaphoreSlim waiting = new(0, 1);
    private bool closed;

    public void Add(IEnumerable<string> uids)
    {
        lock (gate)
        {
            if (closed) return;
            due.UnionWith(uids);
            if (due.Count > 0 && waiting.CurrentCount == 0) waiting.Release();
        }
    }

    /// <summary>Waits until there is something to say, or the time is over; answers what.</summary>
    public async Task<IReadOnlyList<string>> TakeAsync(TimeSpan longest, CancellationToken cancellation)
    {
        await waiting.WaitAsync(longest, cancellation);
        lock (gate)
        {
            string[] taken = [.. due];
            due.Clear();
            return taken;
        }
    }

    public void Dispose()
    {
        // An allocation that changes at this moment may still be about to tell it.
        lock (gate) closed = true;
        waiting.Dispose();
    }
}
