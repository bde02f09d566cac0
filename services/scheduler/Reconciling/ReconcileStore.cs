using System.Text.Json;
using Mesh.Common.Postgres;
using Mesh.Scheduler.Workloads;

namespace Mesh.Scheduler.Reconciling;

/// <summary>Writes the leader's decisions.</summary>
public sealed class ReconcileStore
{
    public Task<IReadOnlyList<Guid>> AllAsync(MeshTransaction transaction, CancellationToken cancellationToken)
    {
        const string sql = "select uid from workloads where kind <> 2";
        return transaction.QueryAsync<Guid>(sql, null, cancellationToken);
    }

    public Task<IReadOnlyList<Guid>> UnplacedAsync(MeshTransaction transaction, CancellationToken cancellationToken)
    {
        const string sql = "select uid from workloads where unplaced > 0";
        return transaction.QueryAsync<Guid>(sql, null, cancellationToken);
    }

    /// <summary>Workloads that wait for routers to acknowledge a generation above <paramref name="above"/>.</summary>
    public Task<IReadOnlyList<Guid>> WaitingAsync(MeshTransaction transaction, long above, CancellationToken cancellationToken)
    {
        const string sql = "select distinct workload from allocations where end_time is null and published_generation > @above";
        return transaction.QueryAsync<Guid>(sql, new { above }, cancellationToken);
    }

    public Task<IReadOnlyList<string>> DrainingAsync(MeshTransaction transaction, CancellationToken cancellationToken)
    {
        const string sql = "select id from nodes where draining";
        return transaction.QueryAsync<string>(sql, null, cancellationToken);
    }

    /// <summary>The templates of one revision, without env: what its allocations need.</summary>
    public Task<V1.Template?> TemplateAsync(MeshTransaction transaction, Guid workload, long revision, CancellationToken cancellationToken)
    {
        const string sql = "select template from revisions where workload = @workload and revision = @revision";
        return transaction.QueryOneAsync<V1.Template>(sql, new { workload, revision }, cancellationToken);
    }

    public Task InsertAsync(MeshTransaction transaction, IReadOnlyList<NewAllocation> allocations, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into allocations (uid, tenant, workload, workload_id, revision, node, cpu_millis, memory_bytes, disk_bytes, listens,
              run_to_completion, desired, state, create_time)
            select uid, tenant, workload, workload_id, revision, node, cpu_millis, memory_bytes, disk_bytes, listens,
              run_to_completion, @Run, @Pending, create_time
            from jsonb_to_recordset(@json::jsonb) as n(uid uuid, tenant text, workload uuid, workload_id text, revision bigint, node text,
              cpu_millis bigint, memory_bytes bigint, disk_bytes bigint, listens boolean, run_to_completion boolean,
              create_time timestamptz)
            """;
        return transaction.ExecuteAsync(
            sql, new { json = JsonSerializer.Serialize(allocations, NewAllocation.Json), Desired.Run, AllocationState.Pending },
            cancellationToken);
    }

    /// <summary>Changes what is wanted of allocations; answers the nodes that have to hear of it.</summary>
    public Task<IReadOnlyList<string>> WantAsync(
        MeshTransaction transaction, Guid[] allocations, Desired desired, CancellationToken cancellationToken)
    {
        const string sql = "update allocations set desired = @desired where uid = any(@allocations) returning node";
        return transaction.QueryAsync<string>(sql, new { allocations, desired }, cancellationToken);
    }

    public Task AccountAsync(MeshTransaction transaction, Guid[] allocations, CancellationToken cancellationToken)
    {
        const string sql = "update allocations set accounted = true where uid = any(@allocations)";
        return transaction.ExecuteAsync(sql, new { allocations }, cancellationToken);
    }

    public Task UpdateAsync(MeshTransaction transaction, Workload workload, CancellationToken cancellationToken)
    {
        const string sql = """
            update workloads
            set state = @State, message = @Message, desired = @Desired, updated = @Updated, healthy = @Healthy, old = @Old,
                unplaced = @Unplaced, endpoints_generation = @EndpointsGeneration, stable_revision = @StableRevision,
                failed_revision = @FailedRevision, failures = @Failures, retry_time = @RetryTime, failing_since = @FailingSince,
                reason = @Reason
            where uid = @Uid
            """;
        return transaction.ExecuteAsync(sql, workload, cancellationToken);
    }

    public Task DeleteAsync(MeshTransaction transaction, Guid workload, CancellationToken cancellationToken)
    {
        const string sql = "delete from workloads where uid = @workload";
        return transaction.ExecuteAsync(sql, new { workload }, cancellationToken);
    }

    public Task<IReadOnlyList<PublishedRow>> PublishedAsync(MeshTransaction transaction, Guid[] workloads, CancellationToken cancellationToken)
    {
        const string sql = """
            select workload, max(published_generation) as generation from allocations where workload = any(@workloads) group by workload
            """;
        return transaction.QueryAsync<PublishedRow>(sql, new { workloads }, cancellationToken);
    }

    public sealed record PublishedRow
    {
        public Guid Workload { get; init; }

        public long Generation { get; init; }
    }
}
