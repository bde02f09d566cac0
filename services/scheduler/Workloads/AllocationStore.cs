using Mesh.Common.Postgres;

namespace Mesh.Scheduler.Workloads;

/// <summary>Allocations in PostgreSQL, for reading.</summary>
public sealed class AllocationStore
{
    internal const string Columns = """
        a.uid, a.tenant, a.workload, a.workload_id, a.revision, a.node, a.listens, a.desired, a.state, a.healthy, a.address, a.message,
        a.exit_code, a.oom_killed, a.restarts, a.accounted, a.published_address, a.published_generation, a.create_time, a.healthy_time,
        a.start_time, a.end_time
        """;

    // What readers are told in addition; decisions have no use for it.
    private const string ToldColumns = $"""
        {Columns}, (select r.template->>'image' from revisions r where r.workload = a.workload and r.revision = a.revision) as image
        """;

    /// <summary>Those of one workload that have not ended before the given time, newest first.</summary>
    public Task<IReadOnlyList<Allocation>> ListAsync(
        MeshTransaction transaction, Guid workload, DateTimeOffset endedAfter, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {ToldColumns} from allocations a
            where a.workload = @workload and (a.end_time is null or a.end_time > @endedAfter)
            order by a.uid desc
            """;
        return transaction.QueryAsync<Allocation>(sql, new { workload, endedAfter }, cancellationToken);
    }

    /// <summary>A page of a tenant's allocations, newest first; of one workload unless its id is empty.</summary>
    public Task<IReadOnlyList<Allocation>> ListAsync(
        MeshTransaction transaction, string tenant, string workload, Guid? before, bool ended, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {ToldColumns} from allocations a
            where a.tenant = @tenant and (@workload = '' or a.workload_id = @workload) and (@ended or a.end_time is null)
              and (@before::uuid is null or a.uid < @before)
            order by a.uid desc limit @limit
            """;
        return transaction.QueryAsync<Allocation>(sql, new { tenant, workload, before, ended, limit }, cancellationToken);
    }

    /// <summary>What a decision about these workloads needs: what has not ended, and ends that are not dealt with.</summary>
    public Task<IReadOnlyList<Allocation>> ListOpenAsync(MeshTransaction transaction, Guid[] workloads, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {Columns} from allocations a
            where a.workload = any(@workloads)
              and (a.end_time is null or (a.desired = @Run and (a.state = @Lost or not a.accounted)))
            order by a.uid
            """;
        return transaction.QueryAsync<Allocation>(
            sql, new { workloads, Desired.Run, AllocationState.Lost }, cancellationToken);
    }
}
