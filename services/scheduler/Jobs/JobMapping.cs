using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Names;

namespace Mesh.Scheduler.Jobs;

/// <summary>Jobs as the contract shows them. Values of env are never answered.</summary>
public static class JobMapping
{
    public static V1.Job ToWire(this Job job) => new()
    {
        Name = job.Name.ToString(),
        Uid = job.Uid.ToString(),
        Template = job.Template,
        MaxAttempts = job.MaxAttempts,
        Deadline = job.Deadline.ToDuration(),
        Backoff = job.Backoff.ToDuration(),
        Labels = { job.Spec?.Labels ?? [] },
        State = job.State,
        Attempts = job.Attempts,
        Message = job.Message,
        ExitCode = job.ExitCode,
        CreateTime = job.CreateTime.ToTimestamp(),
        NextAttemptTime = job.State == JobState.Queued ? job.NextAttemptTime.ToTimestamp() : null,
        EndTime = job.EndTime?.ToTimestamp(),
        Allocation = job.Allocation is { } uid ? new AllocationName(job.Tenant, job.Name.Workload.Workload, uid.ToString()).ToString() : "",
    };
}
