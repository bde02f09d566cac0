using Mesh.Common.Names;
using Mesh.Scheduler.Rollouts;

namespace Mesh.Scheduler.Workloads;

/// <summary>A workload as it is stored.</summary>
public sealed record Workload
{
    public Guid Uid { get; init; }

    public string Tenant { get; init; } = "";

    public string Id { get; init; } = "";

    public V1.WorkloadKind Kind { get; init; }

    /// <summary>What its owner asked for, without the template.</summary>
    public V1.WorkloadSpec Spec { get; init; } = new();

    /// <summary>The newest revision's template, without its env; absent where it was not asked for.</summary>
    public V1.Template? Template { get; init; }

    /// <summary>Counts the changes by its owner.</summary>
    public long SpecVersion { get; init; }

    public long Revision { get; init; }

    public bool Stopping { get; init; }

    public WorkloadState State { get; init; }

    public string Message { get; init; } = "";

    public int Desired { get; init; }

    public int Updated { get; init; }

    public int Healthy { get; init; }

    public int Old { get; init; }

    public int Unplaced { get; init; }

    public long EndpointsGeneration { get; init; }

    public long StableRevision { get; init; }

    public long FailedRevision { get; init; }

    public int Failures { get; init; }

    public DateTimeOffset? RetryTime { get; init; }

    public DateTimeOffset? FailingSince { get; init; }

    public string Reason { get; init; } = "";

    public DateTimeOffset CreateTime { get; init; }

    public DateTimeOffset UpdateTime { get; init; }

    public WorkloadName Name => new(Tenant, Id);

    public RolloutProgress Progress => new()
    {
        StableRevision = StableRevision,
        FailedRevision = FailedRevision,
        Failures = Failures,
        RetryTime = RetryTime,
        FailingSince = FailingSince,
        Reason = Reason,
    };
}
