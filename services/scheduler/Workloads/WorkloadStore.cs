using Mesh.Common.Names;
using Mesh.Common.Postgres;

namespace Mesh.Scheduler.Workloads;

/// <summary>Workloads in PostgreSQL, as their owners see and change them.</summary>
public sealed class WorkloadStore
{
    private const string Columns = """
        w.uid, w.tenant, w.id, w.kind, w.spec, w.spec_version, w.revision, w.stopping, w.state, w.message, w.desired, w.updated,
        w.healthy, w.old, w.unplaced, w.endpoints_generation, w.stable_revision, w.failed_revision, w.failures, w.retry_time,
        w.failing_since, w.reason, w.create_time, w.update_time, r.template
        """;

    private const string From = "from workloads w join revisions r on r.workload = w.uid and r.revision = w.revision";

    public Task<Workload?> FindAsync(MeshTransaction transaction, WorkloadName name, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} {From} where w.tenant = @Tenant and w.id = @Workload";
        return transaction.QueryOneAsync<Workload>(sql, new { name.Tenant, name.Workload }, cancellationToken);
    }

    public Task<Workload?> FindAsync(MeshTransaction transaction, Guid uid, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} {From} where w.uid = @uid";
        return transaction.QueryOneAsync<Workload>(sql, new { uid }, cancellationToken);
    }

    /// <summary>A tenant's workloads that are no jobs, by id, from the one after <paramref name="after"/>.</summary>
    public Task<IReadOnlyList<Workload>> ListAsync(
        MeshTransaction transaction, string tenant, string after, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} {From} where w.tenant = @tenant and w.kind = 1 and w.id > @after order by w.id limit @limit";
        return transaction.QueryAsync<Workload>(sql, new { tenant, after, limit }, cancellationToken);
    }

    /// <summary>All workloads of all tenants that are no jobs.</summary>
    public Task<IReadOnlyList<Workload>> ListAllAsync(MeshTransaction transaction, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} {From} where w.kind = 1 order by w.tenant, w.id";
        return transaction.QueryAsync<Workload>(sql, null, cancellationToken);
    }

    /// <summary>Those of these that are services, locked: whoever changes a workload's allocations holds this lock.</summary>
    public Task<IReadOnlyList<Workload>> LockServicesAsync(MeshTransaction transaction, Guid[] uids, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} {From} where w.uid = any(@uids) and w.kind = 1 order by w.uid for update of w";
        return transaction.QueryAsync<Workload>(sql, new { uids }, cancellationToken);
    }

    /// <summary>The same by name, for its owner.</summary>
    public Task<Workload?> LockAsync(MeshTransaction transaction, WorkloadName name, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} {From} where w.tenant = @Tenant and w.id = @Workload for update of w";
        return transaction.QueryOneAsync<Workload>(sql, new { name.Tenant, name.Workload }, cancellationToken);
    }

    /// <summary>Adds a workload; false when the name is taken.</summary>
    public async Task<bool> InsertAsync(MeshTransaction transaction, Workload workload, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into workloads (uid, tenant, id, kind, spec, spec_version, revision, state, message, desired, create_time, update_time)
            values (@Uid, @Tenant, @Id, @Kind, @Spec, @SpecVersion, @Revision, @State, @Message, @Desired, @CreateTime, @UpdateTime)
            on conflict (tenant, id) do nothing
            """;
        return await transaction.ExecuteAsync(sql, workload, cancellationToken) == 1;
    }

    /// <summary>Writes what the owner changed.</summary>
    public Task UpdateAsync(MeshTransaction transaction, Workload workload, CancellationToken cancellationToken)
    {
        const string sql = """
            update workloads
            set spec = @Spec, spec_version = @SpecVersion, revision = @Revision, stopping = @Stopping, state = @State,
                message = @Message, desired = @Desired, updated = @Updated, healthy = @Healthy, old = @Old, failures = @Failures,
                retry_time = @RetryTime, failing_since = @FailingSince, reason = @Reason, update_time = @UpdateTime
            where uid = @Uid
            """;
        return transaction.ExecuteAsync(sql, workload, cancellationToken);
    }
}
