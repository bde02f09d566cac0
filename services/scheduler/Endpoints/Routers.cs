using System.Collections.Concurrent;
using Mesh.Scheduler.Changes;
using Mesh.Scheduler.Reconciling;

namespace Mesh.Scheduler.Endpoints;

/// <summary>What every router serves, during one term. What was acknowledged is true at once; PostgreSQL learns it a little later.</summary>
public sealed class Routers(Fence fences, RouterStore store, ChangeBus bus, SchedulerOptions options, TimeProvider time)
{
    private static readonly TimeSpan SavePause = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, Router> _routers = new();
    private readonly ConcurrentDictionary<string, object> _streams = new();
    private readonly ConcurrentDictionary<string, bool> _unsaved = new();

    /// <summary>The newest generation that every live router serves; the largest number when there is no live router.</summary>
    public long Acknowledged
    {
        get
        {
            var now = time.GetUtcNow();
            return _routers.Values.Where(router => router.IsLive(now, options.RouterGrace))
                .Select(router => router.Generation).DefaultIfEmpty(long.MaxValue).Min();
        }
    }

    public async Task LoadAsync(long fence, CancellationToken cancellationToken)
    {
        await using var transaction = await fences.BeginAsync(fence, cancellationToken);
        foreach (var router in await store.TakeOverAsync(transaction, time.GetUtcNow(), options.RouterGrace, cancellationToken))
            _routers[router.Id] = router;
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Notes that a router has connected, before it is sent anything. One that is known keeps its generation: what it serves
    /// meanwhile is not older.
    /// </summary>
    public async Task<Router> ConnectAsync(long fence, string id, object stream, CancellationToken cancellationToken)
    {
        _streams[id] = stream;
        var now = time.GetUtcNow();
        var router = _routers.AddOrUpdate(
            id,
            _ => new Router { Id = id, Connected = true, SeenTime = now },
            (_, known) => known with { Connected = true, SeenTime = now });
        await using var transaction = await fences.BeginAsync(fence, cancellationToken);
        await store.SaveAsync(transaction, router, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        bus.Publish(Change.Acknowledged);
        return router;
    }

    public void Acknowledge(string id, object stream, long generation)
    {
        if (!IsCurrent(id, stream))
            return;
        var before = _routers[id].Generation;
        Update(id, known => known with { Generation = generation });
        if (before != generation)
            bus.Publish(Change.Acknowledged);
    }

    public void Disconnect(string id, object stream)
    {
        if (!_streams.TryRemove(KeyValuePair.Create(id, stream)))
            return;
        Update(id, known => known with { Connected = false });
        bus.Publish(Change.Acknowledged);
    }

    /// <summary>Saves what changed, once a second.</summary>
    public async Task RunAsync(long fence, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(SavePause, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            var unsaved = _unsaved.Keys.Where(id => _unsaved.TryRemove(id, out _)).ToList();
            if (unsaved.Count == 0)
                continue;
            await using var transaction = await fences.BeginAsync(fence, cancellationToken);
            foreach (var id in unsaved.Order(StringComparer.Ordinal))
                await store.SaveAsync(transaction, _routers[id], cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    private bool IsCurrent(string id, object stream) => _streams.TryGetValue(id, out var current) && current == stream;

    private void Update(string id, Func<Router, Router> change)
    {
        var now = time.GetUtcNow();
        _routers.AddOrUpdate(id, _ => change(new Router { Id = id, SeenTime = now }), (_, known) => change(known) with { SeenTime = now });
        _unsaved[id] = true;
    }
}
