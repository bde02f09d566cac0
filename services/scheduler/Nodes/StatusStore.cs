using System.Text.Json;
using Mesh.Common.Postgres;

namespace Mesh.Scheduler.Nodes;

/// <summary>Writes what agents say into allocations.</summary>
public sealed class StatusStore
{
    /// <summary>Locks the workloads of these allocations, as everybody does who changes allocations.</summary>
    public Task LockAsync(MeshTransaction transaction, Guid[] uids, CancellationToken cancellationToken)
    {
        const string sql = """
            select w.uid from workloads w
            where w.uid in (select a.workload from allocations a where a.uid = any(@uids))
            order by w.uid for update
            """;
        return transaction.QueryAsync<Guid>(sql, new { uids }, cancellationToken);
    }

    /// <summary>Applies the reports and answers what they changed. An end is final.</summary>
    public Task<IReadOnlyList<Changed>> ApplyAsync(
        MeshTransaction transaction, IReadOnlyCollection<AllocationReport> reports, DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string sql = """
            update allocations a
            set state = s.state, healthy = s.healthy, address = s.address, message = s.message, exit_code = s.exit_code,
                oom_killed = s.oom_killed, restarts = s.restarts, start_time = coalesce(s.start_time, a.start_time),
                healthy_time = coalesce(a.healthy_time, case when s.healthy then @now end),
                end_time = case when s.state in (6, 7) then coalesce(s.end_time, @now) end
            from jsonb_to_recordset(@json::jsonb) as s(uid uuid, node text, state int, healthy boolean, address text, message text,
              exit_code int, oom_killed boolean, restarts int, start_time timestamptz, end_time timestamptz)
            where a.uid = s.uid and a.node = s.node and a.end_time is null
              and (a.state, a.healthy, a.address, a.message, a.exit_code, a.oom_killed, a.restarts)
                is distinct from (s.state, s.healthy, s.address, s.message, s.exit_code, s.oom_killed, s.restarts)
            returning a.uid, a.workload, a.end_time is not null as ended
            """;
        return transaction.QueryAsync<Changed>(sql, new { json = JsonSerializer.Serialize(reports), now }, cancellationToken);
    }

    /// <summary>Marks everything on a node as lost.</summary>
    public async Task<IReadOnlyList<Changed>> LoseAsync(
        MeshTransaction transaction, string node, DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string lose = """
            update allocations set state = 8, healthy = false, message = 'Its node went away.', end_time = @now
            where node = @node and end_time is null returning uid, workload, true as ended
            """;
        await LockAsync(transaction, node, cancellationToken);
        return await transaction.QueryAsync<Changed>(lose, new { node, now }, cancellationToken);
    }

    /// <summary>What was lost with a node and not replaced goes on when the node comes back: its agent says how it is.</summary>
    public async Task<IReadOnlyList<Changed>> ReviveAsync(MeshTransaction transaction, string node, CancellationToken cancellationToken)
    {
        const string revive = """
            update allocations set state = 1, message = 'Its node has come back.', end_time = null, accounted = false
            where node = @node and state = 8 and desired = 1 returning uid, workload, false as ended
            """;
        await LockAsync(transaction, node, cancellationToken);
        return await transaction.QueryAsync<Changed>(revive, new { node }, cancellationToken);
    }

    private static Task<IReadOnlyList<Guid>> LockAsync(MeshTransaction transaction, string node, CancellationToken cancellationToken)
    {
        const string sql = """
            select w.uid from workloads w
            where w.uid in (select a.workload from allocations a where a.node = @node and (a.end_time is null or a.state = 8))
            order by w.uid for update
            """;
        return transaction.QueryAsync<Guid>(sql, new { node }, cancellationToken);
    }

    /// <summary>An allocation that a report changed.</summary>
    public sealed record Changed
    {
        public Guid Uid { get; init; }

        public Guid Workload { get; init; }

        public bool Ended { get; init; }
    }
}
