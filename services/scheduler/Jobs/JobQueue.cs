using Mesh.Common.Errors;
using Mesh.Common.Postgres;
using Mesh.Scheduler.Changes;
using Mesh.Scheduler.Workloads;

namespace Mesh.Scheduler.Jobs;

/// <summary>Puts jobs into the queue and changes them there, for people. The leader's loop runs them.</summary>
public sealed class JobQueue(JobStore jobs, WorkloadStore workloads, RevisionStore revisions, TimeProvider time)
{
    private const int MostQueued = 10_000;

    public async Task<Job> CreateAsync(
        MeshTransaction transaction, string tenant, V1.Job asked, CancellationToken cancellationToken)
    {
        if (await jobs.CountQueuedAsync(transaction, tenant, cancellationToken) >= MostQueued)
            throw MeshException.ResourceExhausted("QUEUE_FULL", $"{MostQueued} jobs wait already.", TimeSpan.FromSeconds(30));
        var now = time.GetUtcNow();
        var name = new JobName(tenant, Guid.CreateVersion7(now));
        var workload = new Workload
        {
            Uid = name.Uid,
            Tenant = tenant,
            Id = name.Workload.Workload,
            Kind = V1.WorkloadKind.Job,
            Spec = new V1.WorkloadSpec { Kind = V1.WorkloadKind.Job, Count = 1, Labels = { asked.Labels } },
            SpecVersion = 1,
            Revision = 1,
            State = WorkloadState.Pending,
            Desired = 1,
            CreateTime = now,
            UpdateTime = now,
        };
        var job = new Job
        {
            Uid = name.Uid,
            Tenant = tenant,
            MaxAttempts = asked.MaxAttempts == 0 ? 3 : asked.MaxAttempts,
            Deadline = asked.Deadline?.ToTimeSpan() is { Ticks: > 0 } deadline ? deadline : TimeSpan.FromHours(1),
            Backoff = asked.Backoff?.ToTimeSpan() is { Ticks: > 0 } backoff ? backoff : TimeSpan.FromSeconds(5),
            State = JobState.Queued,
            Message = "It waits for its turn.",
            CreateTime = now,
            NextAttemptTime = now,
        };
        await workloads.InsertAsync(transaction, workload, cancellationToken);
        await revisions.InsertAsync(transaction, workload, asked.Template, now, cancellationToken);
        await jobs.InsertAsync(transaction, job, cancellationToken);
        await transaction.NotifyAsync([Change.Workload(job.Uid)], cancellationToken);
        return (await jobs.FindAsync(transaction, name, cancellationToken))!;
    }

    /// <summary>Asks to cancel; the loop ends the attempt that runs.</summary>
    public async Task<Job> CancelAsync(MeshTransaction transaction, JobName name, CancellationToken cancellationToken)
    {
        var job = await LockAsync(transaction, name, cancellationToken);
        if (job.Ended)
            throw MeshException.FailedPrecondition("JOB_ENDED", "The job has ended already.");
        var plan = job.State == JobState.Queued
            ? JobPlan.Decide(job with { Cancelled = true }, null, time.GetUtcNow()).After
            : job with { Cancelled = true };
        return await SaveAsync(transaction, plan, cancellationToken);
    }

    /// <summary>Queues a dead job again.</summary>
    public async Task<Job> RetryAsync(MeshTransaction transaction, JobName name, CancellationToken cancellationToken)
    {
        var job = await LockAsync(transaction, name, cancellationToken);
        if (job.State != JobState.Dead)
            throw MeshException.FailedPrecondition("JOB_NOT_DEAD", "Only a dead job can be tried again.");
        return await SaveAsync(transaction, job with
        {
            State = JobState.Queued,
            Attempts = 0,
            Message = "It was queued again.",
            NextAttemptTime = time.GetUtcNow(),
            EndTime = null,
        }, cancellationToken);
    }

    public async Task DiscardAsync(MeshTransaction transaction, JobName name, CancellationToken cancellationToken)
    {
        var job = await LockAsync(transaction, name, cancellationToken);
        if (!job.Ended)
            throw MeshException.FailedPrecondition("JOB_NOT_ENDED", "The job has not ended. Cancel it first.");
        await jobs.DeleteAsync(transaction, job.Uid, cancellationToken);
    }

    internal static MeshException NotFound(JobName name) => MeshException.NotFound("JOB_NOT_FOUND", $"There is no job `{name}`.");

    private async Task<Job> LockAsync(MeshTransaction transaction, JobName name, CancellationToken cancellationToken) =>
        await jobs.LockAsync(transaction, name, cancellationToken) ?? throw NotFound(name);

    private async Task<Job> SaveAsync(MeshTransaction transaction, Job job, CancellationToken cancellationToken)
    {
        await jobs.UpdateAsync(transaction, job, cancellationToken);
        await transaction.NotifyAsync([Change.Workload(job.Uid)], cancellationToken);
        return job;
    }
}
