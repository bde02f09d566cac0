using Mesh.Common.Postgres;
using Mesh.Scheduler.Workloads;

namespace Mesh.Scheduler.Jobs;

/// <summary>The queue in PostgreSQL.</summary>
public sealed class JobStore
{
    private const string Columns = """
        j.uid, j.tenant, j.max_attempts, j.deadline, j.backoff, j.state, j.attempts, j.cancelled, j.message, j.exit_code, j.allocation,
        j.lease_time, j.create_time, j.next_attempt_time, j.end_time, w.spec, r.template
        """;

    private const string From = """
        from jobs j join workloads w on w.uid = j.uid join revisions r on r.workload = w.uid and r.revision = w.revision
        """;

    public Task<Job?> FindAsync(MeshTransaction transaction, JobName name, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} {From} where j.tenant = @Tenant and j.uid = @Uid";
        return transaction.QueryOneAsync<Job>(sql, new { name.Tenant, name.Uid }, cancellationToken);
    }

    public Task<Job?> LockAsync(MeshTransaction transaction, JobName name, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} {From} where j.tenant = @Tenant and j.uid = @Uid for update of w, j";
        return transaction.QueryOneAsync<Job>(sql, new { name.Tenant, name.Uid }, cancellationToken);
    }

    /// <summary>A page of a tenant's jobs, newest first; in one state unless it is unspecified.</summary>
    public Task<IReadOnlyList<Job>> ListAsync(
        MeshTransaction transaction, string tenant, JobState state, Guid? before, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {Columns} {From}
            where j.tenant = @tenant and (@state = 0 or j.state = @state) and (@before::uuid is null or j.uid < @before)
            order by j.uid desc limit @limit
            """;
        return transaction.QueryAsync<Job>(sql, new { tenant, state = (int)state, before, limit }, cancellationToken);
    }

    public Task<long> CountQueuedAsync(MeshTransaction transaction, string tenant, CancellationToken cancellationToken)
    {
        const string sql = "select count(*) from jobs where tenant = @tenant and state = @Queued";
        return transaction.QueryOneAsync<long>(sql, new { tenant, JobState.Queued }, cancellationToken);
    }

    /// <summary>Claims jobs whose turn or whose end has come; those that somebody else holds are passed over until later.</summary>
    public Task<IReadOnlyList<Job>> ClaimDueAsync(
        MeshTransaction transaction, DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {Columns} {From}
            where (j.state = 1 and (j.next_attempt_time <= @now or j.cancelled)) or (j.state = 2 and j.lease_time <= @now)
            order by j.next_attempt_time limit @limit for update of w, j skip locked
            """;
        return transaction.QueryAsync<Job>(sql, new { now, limit }, cancellationToken);
    }

    /// <summary>Locks running jobs that something happened to.</summary>
    public Task<IReadOnlyList<Job>> LockRunningAsync(MeshTransaction transaction, Guid[] uids, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} {From} where j.uid = any(@uids) and j.state = 2 order by w.uid for update of w, j";
        return transaction.QueryAsync<Job>(sql, new { uids }, cancellationToken);
    }

    public Task<IReadOnlyList<Guid>> RunningAsync(MeshTransaction transaction, CancellationToken cancellationToken)
    {
        const string sql = "select uid from jobs where state = 2";
        return transaction.QueryAsync<Guid>(sql, null, cancellationToken);
    }

    public Task<IReadOnlyList<Allocation>> AttemptsAsync(MeshTransaction transaction, Guid[] allocations, CancellationToken cancellationToken)
    {
        const string sql = $"select {AllocationStore.Columns} from allocations a where a.uid = any(@allocations)";
        return transaction.QueryAsync<Allocation>(sql, new { allocations }, cancellationToken);
    }

    public Task InsertAsync(MeshTransaction transaction, Job job, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into jobs (uid, tenant, max_attempts, deadline, backoff, state, message, create_time, next_attempt_time)
            values (@Uid, @Tenant, @MaxAttempts, @Deadline, @Backoff, @State, @Message, @CreateTime, @NextAttemptTime)
            """;
        return transaction.ExecuteAsync(sql, job, cancellationToken);
    }

    /// <summary>Writes the job, and its state into its workload for those who watch that.</summary>
    public Task UpdateAsync(MeshTransaction transaction, Job job, CancellationToken cancellationToken)
    {
        const string sql = """
            update jobs
            set state = @State, attempts = @Attempts, cancelled = @Cancelled, message = @Message, exit_code = @ExitCode,
                allocation = @Allocation, lease_time = @LeaseTime, next_attempt_time = @NextAttemptTime, end_time = @EndTime
            where uid = @Uid;
            update workloads set state = @WorkloadState, message = @Message where uid = @Uid
            """;
        var state = job.State switch
        {
            JobState.Running => WorkloadState.Running,
            JobState.Succeeded => WorkloadState.Completed,
            JobState.Dead => WorkloadState.Failed,
            JobState.Cancelled => WorkloadState.Stopped,
            _ => WorkloadState.Pending,
        };
        return transaction.ExecuteAsync(sql, new
        {
            job.State, job.Attempts, job.Cancelled, job.Message, job.ExitCode, job.Allocation, job.LeaseTime, job.NextAttemptTime,
            job.EndTime, job.Uid, WorkloadState = state,
        }, cancellationToken);
    }

    /// <summary>Forgets a job with its workload and its attempts.</summary>
    public Task DeleteAsync(MeshTransaction transaction, Guid uid, CancellationToken cancellationToken)
    {
        const string sql = "delete from workloads where uid = @uid";
        return transaction.ExecuteAsync(sql, new { uid }, cancellationToken);
    }
}
