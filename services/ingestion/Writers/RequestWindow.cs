namespace Mesh.Ingestion.Writers;

/// <summary>A request that was taken, or is being taken: its key, when, and the task that ends with it.</summary>
public readonly record struct TakenRequest(UInt128 Key, long Milliseconds, Task Outcome);

/// <summary>
/// The keys of the requests of late, those of each tenant for themselves. A request is remembered for ten minutes. Where all tenants
/// together have more than is kept, the one with most forgets the oldest eighth of his: a tenant with no more than his even share is
/// never cut, whatever others send. Both bounds are seen from the requests themselves, so what the log says is a
/// function of the log alone.
/// </summary>
public sealed class RequestWindow(Action<TakenRequest>? forget = null)
{
    /// <summary>How many requests of all tenants are remembered at most.</summary>
    public const int MaxKept = 100_000;

    /// <summary>How long a request is remembered.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(10);

    private static readonly long s_sweep = (long)TimeSpan.FromMinutes(1).TotalMilliseconds;

    private readonly Dictionary<ulong, Queue<TakenRequest>> _tenants = [];
    private int _count;
    private long _swept;

    /// <summary>Each with the time at which it was taken, in milliseconds since 1970; those of one tenant oldest first.</summary>
    public IReadOnlyCollection<(UInt128 Key, long Milliseconds)> Requests
    {
        get
        {
            var requests = new List<(UInt128, long)>(_count);
            foreach (var queue in _tenants.Values)
                requests.AddRange(queue.Select(request => (request.Key, request.Milliseconds)));
            return requests;
        }
    }

    /// <summary>The upper half of a key says whose request it is.</summary>
    public static ulong TenantOf(UInt128 key) => (ulong)(key >> 64);

    public void Add(UInt128 key, long milliseconds) => Add(new TakenRequest(key, milliseconds, Task.CompletedTask));

    public void Add(TakenRequest request)
    {
        Forget(request.Key, request.Milliseconds);
        if (_count >= MaxKept)
            MakeRoom(request.Milliseconds);
        if (!_tenants.TryGetValue(TenantOf(request.Key), out var queue))
            _tenants[TenantOf(request.Key)] = queue = new();
        queue.Enqueue(request);
        _count++;
    }

    /// <summary>Forgets what is too old at this time: of the key's tenant at once, of the others within a minute.</summary>
    public void Forget(UInt128 key, long now)
    {
        if (Math.Abs(now - _swept) > s_sweep)
            Sweep(now);
        else if (_tenants.TryGetValue(TenantOf(key), out var queue))
            ForgetOld(queue, now);
    }

    private void Sweep(long now)
    {
        _swept = now;
        foreach (var (tenant, queue) in _tenants)
        {
            ForgetOld(queue, now);
            if (queue.Count == 0)
                _tenants.Remove(tenant);
        }
    }

    private void MakeRoom(long now)
    {
        Sweep(now);
        if (_count < MaxKept)
            return;
        var largest = _tenants.Values.MaxBy(queue => queue.Count)!;
        for (var left = Math.Max(1, largest.Count / 8); left > 0 && TryForgetOldest(largest); left--)
        {
        }
    }

    private void ForgetOld(Queue<TakenRequest> queue, long now)
    {
        while (queue.TryPeek(out var oldest) && now - oldest.Milliseconds > Kept.TotalMilliseconds && TryForgetOldest(queue))
        {
        }
    }

    // One that is still on its way is not forgotten, and is not for long: the log ends it.
    private bool TryForgetOldest(Queue<TakenRequest> queue)
    {
        if (!queue.TryPeek(out var oldest) || !oldest.Outcome.IsCompleted)
            return false;
        queue.Dequeue();
        _count--;
        forget?.Invoke(oldest);
        return true;
    }
}
