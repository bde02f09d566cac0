using Mesh.Common.Postgres;
using Mesh.Scheduler.Nodes;
using Mesh.Scheduler.Placement;
using Mesh.Scheduler.Rollouts;
using Mesh.Scheduler.Workloads;

namespace Mesh.Scheduler.Reconciling;

/// <summary>Loads what a decision needs and makes it: rollout first, then placement of all that is to start.</summary>
public sealed class Decider(
    WorkloadStore workloads, AllocationStore allocations, NodeStore nodes, ReconcileStore store, TimeProvider time)
{
    /// <summary>Locks the workloads and decides for each, the most important first.</summary>
    public async Task<IReadOnlyList<Decision>> DecideAsync(
        MeshTransaction transaction, Guid[] batch, long acknowledged, int seed, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var locked = await workloads.LockServicesAsync(transaction, batch, cancellationToken);
        var open = (await allocations.ListOpenAsync(transaction, batch, cancellationToken)).ToLookup(a => a.Workload);
        var draining = (await store.DrainingAsync(transaction, cancellationToken)).ToHashSet();
        var decisions = locked.Select(workload => new Decision(workload, Plan(workload, open[workload.Uid], draining, acknowledged, now)))
            .OrderByDescending(decision => SpecDefaults.Priority(decision.Workload.Spec)).ToList();
        if (decisions.Exists(decision => decision.Plan.Start > 0))
            await PlaceAsync(transaction, decisions, seed, now, cancellationToken);
        return decisions;
    }

    private static RolloutPlan Plan(
        Workload workload, IEnumerable<Allocation> open, IReadOnlySet<string> draining, long acknowledged, DateTimeOffset now) =>
        Rollout.Decide(Decision.View(workload), [.. open.Select(a => Decision.View(a, draining))], acknowledged, now);

    private async Task PlaceAsync(
        MeshTransaction transaction, List<Decision> decisions, int seed, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var random = new Random(seed);
        var starting = decisions.Where(decision => decision.Plan.Start > 0).Select(decision => decision.Workload.Uid).ToArray();
        var candidates = await nodes.PlacementAsync(transaction, starting, cancellationToken);
        for (var i = 0; i < decisions.Count; i++)
        {
            var (workload, plan) = decisions[i];
            if (plan.Start == 0)
                continue;
            var template = plan.StartRevision == workload.Revision
                ? workload.Template!
                : (await store.TemplateAsync(transaction, workload.Uid, plan.StartRevision, cancellationToken))!;
            decisions[i] = Place(decisions[i], template, candidates, random, now);
        }
    }

    private static Decision Place(
        Decision decision, V1.Template template, IReadOnlyList<PlacementNode> candidates, Random random, DateTimeOffset now)
    {
        var (workload, plan) = decision;
        var request = ConstraintMapping.Placement(workload.Uid, workload.Spec, template.Resources);
        var placed = new List<NewAllocation>();
        while (placed.Count < plan.Start)
        {
            var choice = Placer.Default.Place(request, candidates, random);
            if (choice.Node is not { } node)
                return decision with { Placed = placed, Obstacle = choice.Explanation };
            placed.Add(NewAllocation.Of(workload, template, plan.StartRevision, node, request.Demand, now));
        }
        return decision with { Placed = placed };
    }
}
