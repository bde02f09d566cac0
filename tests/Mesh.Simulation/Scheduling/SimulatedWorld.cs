using Mesh.Scheduler.Placement;
using Mesh.Scheduler.Rollouts;
using AllocationState = Mesh.Scheduler.V1.Allocation.Types.State;
using Desired = Mesh.Scheduler.V1.Allocation.Types.Desired;
using WorkloadState = Mesh.Scheduler.V1.Workload.Types.State;

namespace Mesh.Simulation.Scheduling;

/// <summary>
/// A cluster in memory around the pure cores: agents whose statuses come late, twice or never, nodes that come and go, routers that
/// acknowledge when they like, and a leader that forgets everything but what is stored. Every step is drawn from one seed.
/// </summary>
internal sealed class SimulatedWorld
{
    private readonly Random _random;
    private readonly bool _faults;
    private readonly List<SimulatedNode> _nodes;
    private readonly SimulatedRouter[] _routers;
    private readonly Dictionary<Guid, SimulatedAllocation> _allocations = [];
    private RolloutWorkload _workload;
    private long _generation;

    public SimulatedWorld(int seed, bool faults)
    {
        _random = new Random(seed);
        _faults = faults;
        _nodes = [.. Enumerable.Range(0, _random.Next(3, 7)).Select(i => new SimulatedNode($"n{i}", new Capacity(_random.Next(3, 6) * 100, 1000, 0)))];
        _routers = [.. Enumerable.Range(0, _random.Next(0, 4)).Select(_ => new SimulatedRouter())];
        _workload = new RolloutWorkload(_random.Next(1, 5), 1)
        {
            MaxSurge = _random.Next(1, 3), MaxUnavailable = _random.Next(0, 2), HealthyDeadline = TimeSpan.FromMinutes(3),
        };
    }

    public DateTimeOffset Now { get; private set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public WorkloadState State { get; private set; }

    /// <summary>The wishes of the owner change: another revision, another count.</summary>
    public void Change(bool mayScale)
    {
        if (_random.Next(2) == 0 || !mayScale)
            _workload = _workload with
            {
                Revision = _workload.Revision + 1,
                Progress = _workload.Progress with { Failures = 0, RetryTime = null, FailingSince = null },
            };
        else
            _workload = _workload with { Count = _random.Next(1, 6) };
    }

    /// <summary>One step of everything: time, faults, agents, routers, and now and then the leader.</summary>
    public void Step(bool calm)
    {
        Now += TimeSpan.FromMilliseconds(_random.Next(50, 2000));
        if (_faults && !calm)
            Trouble();
        else
            foreach (var node in _nodes.Where(node => !node.Connected))
                Return(node);
        foreach (var allocation in _allocations.Values.ToList())
            Live(allocation, calm);
        foreach (var router in _routers)
            if (calm || _random.Next(3) == 0)
                router.Acknowledge(_generation, _allocations.Values);
        Lose();
        if (calm || _random.Next(4) > 0)
            Reconcile();
        Check();
    }

    /// <summary>What must be true in the end, when nothing disturbs any more.</summary>
    public string? Unsettled()
    {
        var open = _allocations.Values.Where(a => !a.Ended).ToList();
        var room = _nodes.Sum(node => node.Total.CpuMillis / SimulatedNode.Demand.CpuMillis);
        var wanted = _workload.Goal == 0 ? 0 : (int)Math.Min(_workload.Count, room);
        return open.Count(a => a.Desired == Desired.Run && a.Truth == AllocationState.Running) == wanted
            && open.TrueForAll(a => a.Revision == _workload.Goal) && open.Count == wanted
                ? null
                : $"{open.Count} open, {wanted} wanted, goal {_workload.Goal}: {string.Join("; ", open)}";
    }

    private void Trouble()
    {
        var node = _nodes[_random.Next(_nodes.Count)];
        if (_random.Next(60) == 0)
            (node.Connected, node.Away) = (false, Now);
        else if (!node.Connected && _random.Next(10) == 0)
            Return(node);
        if (_random.Next(80) == 0 && _allocations.Values.FirstOrDefault(a => a.Truth == AllocationState.Running) is { } victim)
            victim.Truth = AllocationState.Failed;
    }

    private void Return(SimulatedNode node)
    {
        node.Connected = true;
        foreach (var allocation in _allocations.Values.Where(a => a.Node == node))
        {
            // The agent hears what it shall run; what it runs and is not told to is stopped.
            if (allocation is { State: AllocationState.Lost, Desired: Desired.Run })
                (allocation.State, allocation.Accounted) = (AllocationState.Pending, false);
            else if (allocation.Ended && !allocation.TrulyEnded)
                allocation.Truth = AllocationState.Stopped;
        }
        node.Lost = false;
    }

    // A node that stays away is lost; what it ran counts as lost, though it may well run on.
    private void Lose()
    {
        foreach (var node in _nodes.Where(node => !node.Connected && !node.Lost && Now - node.Away > TimeSpan.FromSeconds(30)))
        {
            node.Lost = true;
            foreach (var allocation in _allocations.Values.Where(a => a.Node == node && !a.Ended))
                (allocation.State, allocation.Healthy) = (AllocationState.Lost, false);
        }
        Publish();
    }

    private void Live(SimulatedAllocation allocation, bool calm)
    {
        if (!allocation.Node.Connected)
            return;
        if (!allocation.TrulyEnded && allocation.Desired == Desired.Stop)
            allocation.Truth = AllocationState.Stopped;
        else if (allocation.Truth < AllocationState.Running && _random.Next(3) == 0)
            allocation.Truth = AllocationState.Running;
        // A status may be lost or come again; what comes later is never older.
        if (allocation.Ended || (!calm && _random.Next(3) == 0))
            return;
        allocation.State = allocation.Truth;
        allocation.Healthy = allocation.Truth == AllocationState.Running;
        if (allocation.Healthy)
            allocation.HealthyTime ??= Now;
        Publish();
    }

    private void Publish()
    {
        foreach (var allocation in _allocations.Values.Where(a => a.Published != a.Serves))
            (allocation.Published, allocation.PublishedGeneration) = (allocation.Serves, ++_generation);
    }

    private void Reconcile()
    {
        var acknowledged = _routers.Length == 0 ? long.MaxValue : _routers.Min(router => router.Generation);
        var view = _allocations.Values.Where(a => !a.Ended || (a.Desired == Desired.Run && (!a.Accounted || a.State == AllocationState.Lost)));
        var plan = Rollout.Decide(_workload, [.. view.Select(a => a.View())], acknowledged, Now);
        _workload = _workload with { Progress = plan.Progress };
        State = plan.State;
        foreach (var uid in plan.Account)
            _allocations[uid].Accounted = true;
        foreach (var uid in plan.Drain)
            _allocations[uid].Desired = Desired.Drain;
        foreach (var uid in plan.Stop)
            Stop(_allocations[uid]);
        foreach (var uid in plan.Replaces.Take(Place(plan)))
            _allocations[uid].Desired = Desired.Stop;
        Publish();
    }

    private void Stop(SimulatedAllocation allocation)
    {
        // The heart of it: nobody stops what any router may still send requests to.
        foreach (var router in _routers)
            if (router.Serves.Contains(allocation.Uid))
                throw new InvalidOperationException($"{allocation} is stopped while a router still serves it");
        allocation.Desired = Desired.Stop;
    }

    private int Place(RolloutPlan plan)
    {
        var nodes = _nodes.Select(node =>
        {
            var candidate = new PlacementNode(node.Id, new Dictionary<string, string>(), node.Total) { Closed = node.Connected ? null : "away" };
            foreach (var _ in Reserved(node))
                candidate.Reserve(Guid.Empty, SimulatedNode.Demand);
            return candidate;
        }).ToList();
        var placed = 0;
        while (placed < plan.Start
            && Placer.Default.Place(new PlacementRequest(Guid.Empty, SimulatedNode.Demand), nodes, _random).Node is { } chosen)
        {
            var allocation = new SimulatedAllocation(NewUid(), _nodes.Find(node => node.Id == chosen.Id)!, plan.StartRevision, Now);
            _allocations[allocation.Uid] = allocation;
            placed++;
        }
        return placed;
    }

    private IEnumerable<SimulatedAllocation> Reserved(SimulatedNode node) => _allocations.Values.Where(a =>
        a.Node == node && (!a.Ended || a is { State: AllocationState.Lost, Desired: Desired.Run }));

    private Guid NewUid()
    {
        var bytes = new byte[16];
        _random.NextBytes(bytes);
        return new Guid(bytes);
    }

    private void Check()
    {
        foreach (var node in _nodes)
            if (Reserved(node).Count() * SimulatedNode.Demand.CpuMillis > node.Total.CpuMillis)
                throw new InvalidOperationException($"{node.Id} is over capacity");
        if (_faults || State != WorkloadState.Pending || _workload.Progress.StableRevision == 0)
            return;
        var serving = _allocations.Values.Count(a => a.Truth == AllocationState.Running && Array.TrueForAll(_routers, r => r.Serves.Contains(a.Uid)));
        if (serving < _workload.Count - _workload.MaxUnavailable)
            throw new InvalidOperationException($"only {serving} of {_workload.Count} serve during a rollout");
    }
}
