using Mesh.Common.Names;
using Mesh.Common.Postgres;
using Mesh.Scheduler.Nodes;
using Mesh.Scheduler.Placement;

namespace Mesh.Scheduler.Workloads;

/// <summary>The dry run of placement: what would be decided now, with all reasons, and nothing changed.</summary>
public sealed class WorkloadPlanner(MeshDatabase database, WorkloadStore workloads, AllocationStore allocations, NodeStore nodes)
{
    private const int MostShown = 100;

    public async Task<V1.PlanWorkloadResponse> PlanAsync(WorkloadName name, V1.WorkloadSpec spec, CancellationToken cancellationToken)
    {
        // Capacity is taken by all tenants, so the platform reads it; the answer names nodes and numbers only.
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var existing = await workloads.FindAsync(transaction, name, cancellationToken);
        var uid = existing?.Uid ?? Guid.Empty;
        var stay = await StayingAsync(transaction, existing, spec, cancellationToken);
        var candidates = await nodes.PlacementAsync(transaction, [uid], cancellationToken);
        var request = ConstraintMapping.Placement(uid, spec, spec.Template.Resources);
        var random = new Random(0);
        var response = new V1.PlanWorkloadResponse();
        for (var i = stay; i < spec.Count; i++)
        {
            var decision = Placer.Default.Place(request, candidates, random, explain: response.Placements.Count < MostShown);
            response.Unplaced += decision.Node is null ? 1 : 0;
            if (response.Placements.Count < MostShown)
                response.Placements.Add(ToWire(decision));
        }
        return response;
    }

    // With an unchanged template what runs stays; a new revision is placed anew as a whole.
    private async Task<int> StayingAsync(
        MeshTransaction transaction, Workload? existing, V1.WorkloadSpec spec, CancellationToken cancellationToken)
    {
        if (existing is null)
            return 0;
        var bare = spec.Template.Clone();
        bare.Env.Clear();
        if (!bare.Equals(existing.Template))
            return 0;
        var open = await allocations.ListOpenAsync(transaction, [existing.Uid], cancellationToken);
        return open.Count(a => a is { EndTime: null, Desired: Desired.Run } && a.Revision == existing.Revision);
    }

    private static V1.PlanWorkloadResponse.Types.Placement ToWire(PlacementDecision decision)
    {
        var placement = new V1.PlanWorkloadResponse.Types.Placement { Node = decision.Node is { } node ? new NodeName(node.Id).ToString() : "" };
        placement.Verdicts.Add(decision.Verdicts.Select(verdict => new V1.PlanWorkloadResponse.Types.NodeVerdict
        {
            Node = new NodeName(verdict.Node).ToString(),
            Filtered = verdict.Filtered ?? "",
            Score = verdict.Score,
            Scores = { verdict.Scores.ToDictionary() },
        }));
        return placement;
    }
}
