using Mesh.Common.Names;

namespace Mesh.Scheduler.Workloads;

/// <summary>An allocation as it is stored.</summary>
public sealed record Allocation
{
    public Guid Uid { get; init; }

    public string Tenant { get; init; } = "";

    public Guid Workload { get; init; }

    public string WorkloadId { get; init; } = "";

    public long Revision { get; init; }

    public string Node { get; init; } = "";

    /// <summary>The image of its revision; null where it was not asked for.</summary>
    public string? Image { get; init; }

    public bool Listens { get; init; }

    public Desired Desired { get; init; }

    public AllocationState State { get; init; }

    public bool Healthy { get; init; }

    public string Address { get; init; } = "";

    public string Message { get; init; } = "";

    public int ExitCode { get; init; }

    public bool OomKilled { get; init; }

    public int Restarts { get; init; }

    public bool Accounted { get; init; }

    public string PublishedAddress { get; init; } = "";

    public long PublishedGeneration { get; init; }

    public DateTimeOffset CreateTime { get; init; }

    public DateTimeOffset? HealthyTime { get; init; }

    public DateTimeOffset? StartTime { get; init; }

    public DateTimeOffset? EndTime { get; init; }

    public AllocationName Name => new(Tenant, WorkloadId, Uid.ToString());
}
