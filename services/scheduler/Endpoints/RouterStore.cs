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

    /// <summary>A new leader has no streams yet: routers that were connected count as gone from now on, and so keep their grace.</summary>
    public Task<IReadOnlyList<Router>> TakeOverAsync(MeshTransaction transaction, DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string sql = """
            with gone as (update routers set connected = false, seen_time = @now where connected)
            select id, generation, false as connected, case when connected then @now else seen_time end as seen_time from routers
            """;
        return transaction.QueryAsync<Router>(sql, new { now }, cancellationToken);
    }

    public Task ForgetAsync(MeshTransaction transaction, DateTimeOffset before, CancellationToken cancellationToken)
    {
        const string sql = "delete from routers where not connected and seen_time < @before";
        return transaction.ExecuteAsync(sql, new { before }, cancellationToken);
    }
}
