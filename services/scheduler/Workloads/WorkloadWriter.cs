using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Common.Postgres;
using Mesh.Scheduler.Changes;

namespace Mesh.Scheduler.Workloads;

/// <summary>Applies and stops workloads: says what shall be. The leader's loop brings it about.</summary>
public sealed class WorkloadWriter(WorkloadStore workloads, RevisionStore revisions, TimeProvider time)
{
    /// <summary>Makes the workload what the spec says; the same spec again changes nothing.</summary>
    public async Task<Workload> ApplyAsync(
        MeshTransaction transaction, WorkloadName name, V1.WorkloadSpec spec, string etag, CancellationToken cancellationToken)
    {
        var bare = spec.Clone();
        bare.Template = null;
        var existing = await workloads.LockAsync(transaction, name, cancellationToken)
            ?? await CreateAsync(transaction, name, bare, spec.Template, etag, cancellationToken);
        ThrowIfJob(existing);
        ETag.Check(etag, existing.SpecVersion);
        var template = await revisions.OpenAsync(transaction, existing, cancellationToken);
        var renewed = !template.Equals(spec.Template);
        if (!renewed && !existing.Stopping && existing.Spec.Equals(bare))
            return existing;
        return await ChangeAsync(transaction, existing, bare, renewed ? spec.Template : null, cancellationToken);
    }

    /// <summary>Asks to stop the workload; an absent one is stopped already.</summary>
    public async Task StopAsync(MeshTransaction transaction, WorkloadName name, CancellationToken cancellationToken)
    {
        var workload = await workloads.LockAsync(transaction, name, cancellationToken);
        if (workload is null or { Stopping: true })
            return;
        ThrowIfJob(workload);
        var stopping = workload with
        {
            Stopping = true,
            SpecVersion = workload.SpecVersion + 1,
            State = WorkloadState.Stopping,
            Message = "Allocations are being stopped.",
            UpdateTime = time.GetUtcNow(),
        };
        await workloads.UpdateAsync(transaction, stopping, cancellationToken);
        await transaction.NotifyAsync([Change.Workload(workload.Uid)], cancellationToken);
    }

    private static void ThrowIfJob(Workload workload)
    {
        if (workload.Kind == V1.WorkloadKind.Job)
            throw MeshException.FailedPrecondition("IS_A_JOB", "This workload belongs to a job, which is managed by JobService.");
    }

    private async Task<Workload> CreateAsync(
        MeshTransaction transaction, WorkloadName name, V1.WorkloadSpec bare, V1.Template template, string etag,
        CancellationToken cancellationToken)
    {
        if (etag.Length > 0)
            throw ETag.Mismatch();
        var now = time.GetUtcNow();
        var workload = new Workload
        {
            Uid = Guid.CreateVersion7(now),
            Tenant = name.Tenant,
            Id = name.Workload,
            Kind = bare.Kind,
            Spec = bare,
            SpecVersion = 1,
            Revision = 1,
            State = WorkloadState.Pending,
            Message = "Allocations are being placed.",
            Desired = bare.Count,
            CreateTime = now,
            UpdateTime = now,
        };
        if (await workloads.InsertAsync(transaction, workload, cancellationToken))
        {
            await revisions.InsertAsync(transaction, workload, template, now, cancellationToken);
            await transaction.NotifyAsync([Change.Workload(workload.Uid)], cancellationToken);
        }
        // Another caller may have made it at the same moment; then his is what we compare with.
        return (await workloads.LockAsync(transaction, name, cancellationToken))!;
    }

    private async Task<Workload> ChangeAsync(
        MeshTransaction transaction, Workload existing, V1.WorkloadSpec bare, V1.Template? template, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var changed = existing with
        {
            Spec = bare,
            SpecVersion = existing.SpecVersion + 1,
            Stopping = false,
            State = WorkloadState.Pending,
            Message = "The change is being carried out.",
            Desired = bare.Count,
            UpdateTime = now,
        };
        if (template is not null)
        {
            // Whoever reads between this and the leader's next look must not take the new revision for healthy.
            changed = changed with
            {
                Revision = existing.Revision + 1,
                Old = existing.Old + existing.Updated,
                Updated = 0,
                Healthy = 0,
                Failures = 0,
                RetryTime = null,
                FailingSince = null,
                Reason = "",
            };
            await revisions.InsertAsync(transaction, changed, template, now, cancellationToken);
        }
        await workloads.UpdateAsync(transaction, changed, cancellationToken);
        await transaction.NotifyAsync([Change.Workload(existing.Uid)], cancellationToken);
        return (await workloads.FindAsync(transaction, existing.Uid, cancellationToken))!;
    }
}
