using Grpc.Core;
using Mesh.Common.Names;
using Mesh.Common.Postgres;
using Mesh.Scheduler.Changes;

namespace Mesh.Scheduler.Workloads;

/// <summary>Streams states of workloads. Nobody polls: each stream waits for a change and reads only what changed.</summary>
public sealed class WorkloadWatcher(
    MeshDatabase database, WorkloadStore workloads, AllocationStore allocations, ChangeBus bus, TimeProvider time)
{
    private static readonly TimeSpan EndedShown = TimeSpan.FromMinutes(5);

    public async Task WatchAsync(
        WorkloadName name, IServerStreamWriter<V1.WatchWorkloadResponse> stream, CancellationToken cancellationToken)
    {
        var key = "";
        // Subscribed before the first look, so that nothing falls between the two.
        using var changes = bus.Subscribe(change => change.Kind == ChangeKind.Workload && change.Key == Volatile.Read(ref key));
        V1.WatchWorkloadResponse? last = null;
        while (true)
        {
            var (uid, state) = await LoadAsync(name, key, cancellationToken);
            var first = key.Length == 0;
            Volatile.Write(ref key, uid.ToString());
            if (!state.Equals(last))
                await stream.WriteAsync(state, cancellationToken);
            last = state;
            // Until the uid was known, changes of this workload were not heard: look once more.
            if (!first)
                await changes.NextAsync(cancellationToken);
        }
    }

    public async Task WatchAllAsync(IServerStreamWriter<V1.WatchWorkloadsResponse> stream, CancellationToken cancellationToken)
    {
        using var changes = bus.Subscribe(change => change.Kind == ChangeKind.Workload);
        var known = new Dictionary<Guid, V1.Workload>();
        await SendAllAsync(stream, known, cancellationToken);
        await stream.WriteAsync(new V1.WatchWorkloadsResponse { SnapshotComplete = true }, cancellationToken);
        while (true)
        {
            var changed = await changes.NextAsync(cancellationToken);
            if (changed.Contains(Change.Everything))
            {
                await SendAllAsync(stream, known, cancellationToken);
                continue;
            }
            foreach (var change in changed)
                await SendAsync(stream, known, Guid.Parse(change.Key), cancellationToken);
        }
    }

    private async Task<(Guid Uid, V1.WatchWorkloadResponse State)> LoadAsync(WorkloadName name, string key, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var workload = await workloads.FindAsync(transaction, name, cancellationToken);
        // A workload of the same name that was made anew is another one.
        if (workload is null || (key.Length > 0 && workload.Uid.ToString() != key))
            throw WorkloadService.NotFound(name);
        var shown = await allocations.ListAsync(transaction, workload.Uid, time.GetUtcNow() - EndedShown, cancellationToken);
        return (workload.Uid, new V1.WatchWorkloadResponse
        {
            Workload = workload.ToWire(),
            Allocations = { shown.Select(allocation => allocation.ToWire()) },
        });
    }

    private async Task SendAllAsync(
        IServerStreamWriter<V1.WatchWorkloadsResponse> stream, Dictionary<Guid, V1.Workload> known, CancellationToken cancellationToken)
    {
        IReadOnlyList<Workload> all;
        await using (var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken))
            all = await workloads.ListAllAsync(transaction, cancellationToken);
        foreach (var workload in all)
            await SendAsync(stream, known, workload.Uid, workload, cancellationToken);
        foreach (var uid in known.Keys.Except(all.Select(workload => workload.Uid)).ToList())
            await SendAsync(stream, known, uid, null, cancellationToken);
    }

    private async Task SendAsync(
        IServerStreamWriter<V1.WatchWorkloadsResponse> stream, Dictionary<Guid, V1.Workload> known, Guid uid,
        CancellationToken cancellationToken)
    {
        Workload? workload;
        await using (var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken))
            workload = await workloads.FindAsync(transaction, uid, cancellationToken);
        if (workload is { Kind: V1.WorkloadKind.Job })
            return;
        await SendAsync(stream, known, uid, workload, cancellationToken);
    }

    private static async Task SendAsync(
        IServerStreamWriter<V1.WatchWorkloadsResponse> stream, Dictionary<Guid, V1.Workload> known, Guid uid, Workload? workload,
        CancellationToken cancellationToken)
    {
        var last = known.GetValueOrDefault(uid);
        var now = workload?.ToWire();
        if (Equals(last, now))
            return;
        if (now is null)
            known.Remove(uid);
        else
            known[uid] = now;
        await stream.WriteAsync(
            now is null ? new V1.WatchWorkloadsResponse { Deleted = last!.Name } : new V1.WatchWorkloadsResponse { Workload = now },
            cancellationToken);
    }
}
