using Mesh.Common.Postgres;
using Mesh.Scheduler.Changes;
using Mesh.Scheduler.Endpoints;

namespace Mesh.Scheduler.Reconciling;

/// <summary>Writes decisions and tells whom they concern, all in the one transaction.</summary>
public sealed class Applier(ReconcileStore store, EndpointStore endpoints)
{
    public async Task ApplyAsync(MeshTransaction transaction, IReadOnlyList<Decision> decisions, CancellationToken cancellationToken)
    {
        var nodes = new HashSet<string>();
        var placed = decisions.SelectMany(decision => decision.Placed).ToList();
        if (placed.Count > 0)
            await store.InsertAsync(transaction, placed, cancellationToken);
        nodes.UnionWith(placed.Select(allocation => allocation.Node));

        // As many lost ones as were placed anew are replaced for good.
        var replaced = decisions.SelectMany(decision => decision.Plan.Replaces.Take(decision.Placed.Count));
        var gone = decisions.Where(decision => decision.Workload.Stopping).SelectMany(decision => decision.Plan.Replaces);
        Guid[] drain = [.. decisions.SelectMany(decision => decision.Plan.Drain)];
        Guid[] stop = [.. decisions.SelectMany(decision => decision.Plan.Stop), .. replaced, .. gone];
        Guid[] account = [.. decisions.SelectMany(decision => decision.Plan.Account)];
        if (drain.Length > 0)
            nodes.UnionWith(await store.WantAsync(transaction, drain, Desired.Drain, cancellationToken));
        if (stop.Length > 0)
            nodes.UnionWith(await store.WantAsync(transaction, stop, Desired.Stop, cancellationToken));
        if (account.Length > 0)
            await store.AccountAsync(transaction, account, cancellationToken);
        var published = await endpoints.PublishAsync(transaction, [.. drain, .. stop], cancellationToken);

        var changes = nodes.Select(Change.Assignments).ToList();
        if (published)
            changes.Add(Change.Endpoints);
        changes.AddRange(await SaveAsync(transaction, decisions, cancellationToken));
        await transaction.NotifyAsync(changes, cancellationToken);
    }

    // Writes the workloads that look different now; answers them as changes.
    private async Task<IReadOnlyList<Change>> SaveAsync(
        MeshTransaction transaction, IReadOnlyList<Decision> decisions, CancellationToken cancellationToken)
    {
        var changes = new List<Change>();
        Guid[] uids = [.. decisions.Select(decision => decision.Workload.Uid)];
        var published = await store.PublishedAsync(transaction, uids, cancellationToken);
        var generations = published.ToDictionary(row => row.Workload, row => row.Generation);
        foreach (var decision in decisions)
        {
            var before = decision.Workload;
            var after = decision.After with
            {
                EndpointsGeneration = Math.Max(before.EndpointsGeneration, generations.GetValueOrDefault(before.Uid)),
            };
            if (decision.Plan.Gone)
                await store.DeleteAsync(transaction, before.Uid, cancellationToken);
            else if (after != before)
                await store.UpdateAsync(transaction, after, cancellationToken);
            if (decision.Plan.Gone || after != before || HasActions(decision))
                changes.Add(Change.Workload(before.Uid));
        }
        return changes;
    }

    private static bool HasActions(Decision decision) =>
        decision.Placed.Count + decision.Plan.Drain.Count + decision.Plan.Stop.Count + decision.Plan.Account.Count > 0;
}
