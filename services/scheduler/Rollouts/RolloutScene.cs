namespace Mesh.Scheduler.Rollouts;

/// <summary>The allocations of one workload, sorted by what a rollout wants of them.</summary>
public sealed class RolloutScene
{
    private readonly RolloutWorkload _workload;
    private readonly List<RolloutAllocation> _running;
    private readonly long _acknowledged;

    public RolloutScene(RolloutWorkload workload, IReadOnlyList<RolloutAllocation> active, long acknowledged)
    {
        _workload = workload;
        _acknowledged = acknowledged;
        Active = active;
        Count = workload.Stopping || workload.Goal == 0 ? 0 : workload.Count;
        _running = [.. active.Where(a => a.Desired == Desired.Run)];
        Current = [.. _running.Where(a => a.Revision == workload.Goal && !a.MustMove)];
        Outdated = [.. _running.Except(Current)];
    }

    public IReadOnlyList<RolloutAllocation> Active { get; }

    /// <summary>How many allocations shall run.</summary>
    public int Count { get; }

    /// <summary>Those that may stay.</summary>
    public IReadOnlyList<RolloutAllocation> Current { get; }

    /// <summary>Those that must go once they are replaced: of another revision, or on a node that is drained.</summary>
    public IReadOnlyList<RolloutAllocation> Outdated { get; }

    /// <summary>Whether the goal runs as asked for and nothing else does.</summary>
    public bool IsComplete =>
        Count > 0 && Outdated.Count == 0 && Current.Count == Count && Current.All(a => a.Serves(_acknowledged));

    /// <summary>How many allocations are missing and may be started now.</summary>
    public int Startable => Math.Max(0, Math.Min(Count - Current.Count, Count + Surge - _running.Count));

    /// <summary>Those that were drained and that the routers have forgotten.</summary>
    public IEnumerable<RolloutAllocation> Drained =>
        Active.Where(a => a.Desired == Desired.Drain && a.Forgotten(_acknowledged));

    // With neither surge nor unavailability nothing could ever be replaced.
    private int Surge => _workload is { MaxSurge: 0, MaxUnavailable: 0 } ? 1 : _workload.MaxSurge;

    /// <summary>Those that may leave now without too few serving: what does not work first, then what is outdated, then the newest.</summary>
    public IEnumerable<RolloutAllocation> Leaving()
    {
        var floor = Math.Max(0, Count - _workload.MaxUnavailable);
        var serving = _running.Count(a => a.Serves(_acknowledged));
        var left = _running.Count;
        foreach (var allocation in Candidates())
        {
            var serves = allocation.Serves(_acknowledged);
            var spare = Count == 0 || left > floor && (serves ? serving > floor : !allocation.Works);
            if (!spare)
                continue;
            left--;
            serving -= serves ? 1 : 0;
            yield return allocation;
        }
    }

    private IEnumerable<RolloutAllocation> Candidates()
    {
        var outdated = Outdated.OrderBy(a => a.Works).ThenBy(a => a.CreateTime).ThenBy(a => a.Uid);
        var excess = Current.OrderBy(a => a.Works).ThenByDescending(a => a.CreateTime).ThenBy(a => a.Uid)
            .Take(Math.Max(0, Current.Count - Count));
        return outdated.Concat(excess).OrderBy(a => a.Works);
    }
}
