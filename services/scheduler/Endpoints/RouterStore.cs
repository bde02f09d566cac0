using Mesh.Common.Postgres;

namespace Mesh.Scheduler.Endpoints;

/// <summary>Routers in PostgreSQL.</summary>
public sealed class RouterStore
{
    public Task SaveAsync(MeshTransaction transaction, Router router, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into routers (id, generation, connected, seen_time) values (@Id, @Generation, @Connected, @SeenTime)
            on conflict (id) do update
            set generation = excluded.generation, connected = excluded.connected, seen_time = excluded.seen_time
            """;
        return transaction.ExecuteAsync(sql, router, cancellationToken);
    }

    /// <summary>
    /// A new leader has no streams yet: routers that were connected count as gone from now on, and so keep their grace. Those too that had
    /// left the last leader, or that it had left, so late that it did not give them up: while nobody led, nobody could hear them.
    /// </summary>
    public Task<IReadOnlyList<Router>> TakeOverAsync(
        MeshTransaction transaction, DateTimeOffset now, TimeSpan grace, CancellationToken cancellationToken)
    {
        // A leader notes every few seconds which nodes it hears.
        const string sql = """
            with leader as (select coalesce(max(heartbeat_time), '-infinity') as seen_time from nodes),
            kept as (select id from routers, leader where routers.connected or routers.seen_time > leader.seen_time - @grace),
            gone as (update routers set connected = false, seen_time = @now where id in (select id from kept))
            select id, generation, false as connected, case when id in (select id from kept) then @now else seen_time end as seen_time
            from routers
            """;
        return transaction.QueryAsync<Router>(sql, new { now, grace }, cancellationToken);
    }

    public Task ForgetAsync(MeshTransaction transaction, DateTimeOffset before, CancellationToken cancellationToken)
    {
        const string sql = "delete from routers where not connected and seen_time < @before";
        return transaction.ExecuteAsync(sql, new { before }, cancellationToken);
    }
}
