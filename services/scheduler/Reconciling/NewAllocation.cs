using System.Text.Json;
using Mesh.Scheduler.Jobs;
using Mesh.Scheduler.Placement;
using Mesh.Scheduler.Workloads;

namespace Mesh.Scheduler.Reconciling;

/// <summary>An allocation that was just placed.</summary>
public sealed record NewAllocation(
    Guid Uid, string Tenant, Guid Workload, string WorkloadId, long Revision, string Node, long CpuMillis, long MemoryBytes, long DiskBytes,
    bool Listens, bool RunToCompletion, DateTimeOffset CreateTime)
{
    /// <summary>Names as the table's columns have them.</summary>
    public static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static NewAllocation Of(
        Workload workload, V1.Template template, long revision, PlacementNode node, Capacity demand, DateTimeOffset now) =>
        new(Guid.CreateVersion7(now), workload.Tenant, workload.Uid, workload.Id, revision, node.Id, demand.CpuMillis, demand.MemoryBytes,
            demand.DiskBytes, template.Listens, RunToCompletion: false, now);

    /// <summary>An attempt of a job.</summary>
    public static NewAllocation Of(Job job, PlacementNode node, Capacity demand, DateTimeOffset now) =>
        new(Guid.CreateVersion7(now), job.Tenant, job.Uid, job.Name.Workload.Workload, 1, node.Id, demand.CpuMillis, demand.MemoryBytes,
            demand.DiskBytes, job.Template!.Listens, RunToCompletion: true, now);
}
