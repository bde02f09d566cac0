using Mesh.Scheduler.Placement;

namespace Mesh.Scheduler.Workloads;

/// <summary>What an empty field of a spec means.</summary>
public static class SpecDefaults
{
    private const long MiB = 1 << 20;

    public static Capacity Demand(V1.Resources? resources) => new(
        resources is { CpuMillis: > 0 } ? resources.CpuMillis : 50,
        resources is { MemoryBytes: > 0 } ? resources.MemoryBytes : 64 * MiB,
        resources?.DiskBytes ?? 0);

    public static int MaxSurge(V1.WorkloadSpec spec) =>
        spec.Update is { MaxSurge: > 0 } update ? update.MaxSurge : Math.Max(1, (spec.Count + 3) / 4);

    public static TimeSpan HealthyDeadline(V1.WorkloadSpec spec) =>
        spec.Update?.HealthyDeadline is { } deadline && deadline.ToTimeSpan() > TimeSpan.Zero ? deadline.ToTimeSpan() : TimeSpan.FromMinutes(3);

    public static int Priority(V1.WorkloadSpec spec) => spec.Priority == 0 ? 50 : spec.Priority;
}
