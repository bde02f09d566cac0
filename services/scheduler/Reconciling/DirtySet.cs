using Mesh.Scheduler.Changes;

namespace Mesh.Scheduler.Reconciling;

/// <summary>The workloads that need a look, now or at a given time.</summary>
public sealed class DirtySet(ReconcileStore store, Fence fences, long fence)
{
    private readonly HashSet<Guid> _now = [];
    private readonly Dictionary<Guid, DateTimeOffset> _later = [];

    /// <summary>Takes some of those that are due.</summary>
    public Guid[] Take(int most, DateTimeOffset now)
    {
        foreach (var (workload, time) in _later)
            if (time <= now)
                _now.Add(workload);
        Guid[] batch = [.. _now.Take(most)];
        _now.ExceptWith(batch);
        foreach (var workload in batch)
            _later.Remove(workload);
        return batch;
    }

    /// <summary>How long nothing is due.</summary>
    public TimeSpan Wait(DateTimeOffset now, TimeSpan longest)
    {
        if (_now.Count > 0)
            return TimeSpan.Zero;
        var next = _later.Count == 0 ? longest : _later.Values.Min() - now;
        return next < TimeSpan.Zero ? TimeSpan.Zero : next < longest ? next : longest;
    }

    /// <summary>Looks at a workload again at a time; null: not before something changes.</summary>
    public void Wake(Guid workload, DateTimeOffset? time)
    {
        if (time is { } at)
            _later[workload] = at;
        else
            _later.Remove(workload);
    }

    public void Add(IEnumerable<Guid> workloads) => _now.UnionWith(workloads);

    public async Task AddAsync(IReadOnlySet<Change> changes, CancellationToken cancellationToken)
    {
        foreach (var change in changes.Where(change => change.Kind == ChangeKind.Workload))
            _now.Add(Guid.Parse(change.Key));
        if (changes.Contains(Change.Everything))
            await AddAllAsync(cancellationToken);
        else if (changes.Contains(Change.Capacity))
            await AddUnplacedAsync(cancellationToken);
    }

    public async Task AddAllAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await fences.BeginAsync(fence, cancellationToken);
        _now.UnionWith(await store.AllAsync(transaction, cancellationToken));
    }

    /// <summary>Adds those that waited for routers to acknowledge more than they had.</summary>
    public async Task AddWaitingAsync(long above, CancellationToken cancellationToken)
    {
        await using var transaction = await fences.BeginAsync(fence, cancellationToken);
        _now.UnionWith(await store.WaitingAsync(transaction, above, cancellationToken));
    }

    private async Task AddUnplacedAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await fences.BeginAsync(fence, cancellationToken);
        _now.UnionWith(await store.UnplacedAsync(transaction, cancellationToken));
    }
}
