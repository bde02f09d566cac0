namespace Mesh.Scheduler.Placement;

/// <summary>What is to be placed: one allocation of a workload.</summary>
public sealed record PlacementRequest(Guid Workload, Capacity Demand)
{
    public IReadOnlyList<Constraint> Constraints { get; init; } = [];

    public IReadOnlyList<Affinity> Affinities { get; init; } = [];

    public IReadOnlyList<Spread> Spreads { get; init; } = [];
}

/// <summary>A wish: nodes that satisfy it are preferred (up to 100) or avoided (down to -100).</summary>
public sealed record Affinity(Constraint Constraint, int Weight);

/// <summary>A wish that allocations be spread evenly over the values of an attribute; weight 1 to 100.</summary>
public sealed record Spread(string Attribute, int Weight);
