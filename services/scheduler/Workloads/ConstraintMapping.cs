using Mesh.Scheduler.Placement;
using Operator = Mesh.Scheduler.V1.Constraint.Types.Operator;

namespace Mesh.Scheduler.Workloads;

/// <summary>Demands and wishes of a spec as placement understands them.</summary>
public static class ConstraintMapping
{
    /// <exception cref="ArgumentException">A regular expression is not valid.</exception>
    /// <exception cref="FormatException">A version range is not valid.</exception>
    public static Constraint ToDomain(this V1.Constraint constraint) => constraint.Operator switch
    {
        Operator.Equal => Constraint.Equal(constraint.Attribute, constraint.Values[0]),
        Operator.NotEqual => Constraint.NotEqual(constraint.Attribute, constraint.Values[0]),
        Operator.In => Constraint.In(constraint.Attribute, constraint.Values),
        Operator.NotIn => Constraint.NotIn(constraint.Attribute, constraint.Values),
        Operator.Regexp => Constraint.Matching(constraint.Attribute, constraint.Values[0]),
        Operator.Version => Constraint.Version(constraint.Attribute, constraint.Values[0]),
        _ => throw new FormatException("The operator is required."),
    };

    public static PlacementRequest Placement(Guid workload, V1.WorkloadSpec spec, V1.Resources? resources) =>
        new(workload, SpecDefaults.Demand(resources))
        {
            Constraints = [.. spec.Constraints.Select(ToDomain)],
            Affinities = [.. spec.Affinities.Select(affinity => new Affinity(affinity.Constraint.ToDomain(), affinity.Weight))],
            Spreads = [.. spec.Spreads.Select(spread => new Spread(spread.Attribute, spread.Weight == 0 ? 50 : spread.Weight))],
        };
}
