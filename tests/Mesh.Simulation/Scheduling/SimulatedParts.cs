using Mesh.Scheduler.Placement;
using Mesh.Scheduler.Rollouts;
using AllocationState = Mesh.Scheduler.V1.Allocation.Types.State;
using Desired = Mesh.Scheduler.V1.Allocation.Types.Desired;

namespace Mesh.Simulation.Scheduling;

internal sealed class SimulatedNode(string id, Capacity total)
{
    public static readonly Capacity Demand = new(100, 10, 0);

    public string Id { get; } = id;

    public Capacity Total { get; } = total;

    public bool Connected { get; set; } = true;

    public bool Lost { get; set; }

    public DateTimeOffset Away { get; set; }
}

/// <summary>A router serves what its newest acknowledged table had, until it acknowledges the next.</summary>
internal sealed class SimulatedRouter
{
    public long Generation { get; private set; }

    public HashSet<Guid> Serves { get; private set; } = [];

    public void Acknowledge(long generation, IEnumerable<SimulatedAllocation> allocations)
    {
        Generation = generation;
        Serves = [.. allocations.Where(a => a.Published).Select(a => a.Uid)];
    }
}

/// <summary>An allocation: what the scheduler has stored of it, and what it truly does.</summary>
internal sealed class SimulatedAllocation(Guid uid, SimulatedNode node, long revision, DateTimeOffset createTime)
{
    public Guid Uid { get; } = uid;

    public SimulatedNode Node { get; } = node;

    public long Revision { get; } = revision;

    public Desired Desired { get; set; } = Desired.Run;

    public AllocationState State { get; set; } = AllocationState.Pending;

    public AllocationState Truth { get; set; } = AllocationState.Pending;

    public bool Healthy { get; set; }

    public DateTimeOffset? HealthyTime { get; set; }

    public bool Published { get; set; }

    public long PublishedGeneration { get; set; }

    public bool Accounted { get; set; }

    public bool Ended => IsEnd(State);

    public bool TrulyEnded => IsEnd(Truth);

    public bool Serves => Desired == Desired.Run && State == AllocationState.Running && Healthy;

    public RolloutAllocation View() => new(Uid, Revision, Desired, State, createTime)
    {
        Healthy = Healthy,
        HealthyTime = HealthyTime,
        Listens = true,
        Published = Published,
        PublishedGeneration = PublishedGeneration,
        Accounted = Accounted,
    };

    public override string ToString() => $"revision {Revision} on {Node.Id}: wanted {Desired}, stored {State}, truly {Truth}";

    private static bool IsEnd(AllocationState state) => state is AllocationState.Stopped or AllocationState.Failed or AllocationState.Lost;
}
