using Mesh.Agent.Allocations;
using Mesh.Scheduler.V1;
using Desired = Mesh.Scheduler.V1.Allocation.Types.Desired;
using State = Mesh.Scheduler.V1.Allocation.Types.State;

namespace Mesh.Agent.Scheduling;

/// <summary>Makes what the node runs follow what the scheduler says.</summary>
public sealed class AssignmentTable(NodeAllocations allocations)
{
    /// <summary>What is not in the snapshot is stopped and forgotten. Answers the uids that are not known here and shall end.</summary>
    public async Task<IReadOnlyList<string>> ApplyAsync(ConnectResponse.Types.Snapshot snapshot, CancellationToken cancellation)
    {
        var wanted = snapshot.Assignments.Select(assignment => assignment.Uid).ToHashSet();
        foreach (var allocation in allocations.All.Where(allocation => !wanted.Contains(allocation.Spec.Uid)))
        {
            await allocations.StopAsync(allocation.Spec.Uid, cancellation);
            await allocations.ForgetAsync(allocation.Spec.Uid, cancellation);
        }

        return await ApplyAsync(snapshot.Assignments, cancellation);
    }

    public async Task<IReadOnlyList<string>> ApplyAsync(ConnectResponse.Types.Change change, CancellationToken cancellation)
    {
        var unknown = await ApplyAsync(change.Assignments, cancellation);
        foreach (var uid in change.Forget) await allocations.ForgetAsync(uid, cancellation);
        return unknown;
    }

    /// <summary>What is said of an allocation that is not here and shall end: that it has.</summary>
    public static AllocationStatus Gone(string uid) => new() { Uid = uid, State = State.Stopped, Message = "The node does not know it." };

    private async Task<IReadOnlyList<string>> ApplyAsync(IEnumerable<Assignment> assignments, CancellationToken cancellation)
    {
        List<string> unknown = [];
        foreach (var assignment in assignments)
        {
            if (assignment.Desired != Desired.Stop) allocations.Run(AllocationMapping.ToSpec(assignment));
            else if (allocations.Knows(assignment.Uid)) await allocations.StopAsync(assignment.Uid, cancellation);
            else unknown.Add(assignment.Uid);
        }

        return unknown;
    }
}
