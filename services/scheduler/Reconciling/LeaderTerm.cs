using Mesh.Scheduler.Endpoints;
using Mesh.Scheduler.Nodes;

namespace Mesh.Scheduler.Reconciling;

/// <summary>One time of leading, from winning the lock to losing it, with everything that only a leader has.</summary>
/// <param name="Fence">The number that PostgreSQL checks in every write of this leader.</param>
/// <param name="Ended">Ends when the lock is lost.</param>
public sealed record LeaderTerm(long Fence, CancellationToken Ended)
{
    public required NodeSessions Nodes { get; init; }

    public required StatusWriter Statuses { get; init; }

    public required Routers Routers { get; init; }

    public required EndpointTable Endpoints { get; init; }
}
