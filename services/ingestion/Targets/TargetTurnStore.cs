using Mesh.Common.Postgres;
using Mesh.Ingestion.Scraping;

namespace Mesh.Ingestion.Targets;

/// <summary>
/// Gives out the turns of reading targets. A turn belongs to one replica until it is finished, given back, or its lease has
/// ended because the replica is gone. A target's turns lie on a grid of its interval, whose offset differs from target to target.
/// </summary>
public sealed class TargetTurnStore(MeshDatabase database)
{
    /// <summary>Takes targets whose time has come, other than those of some tenants; other replicas take others.</summary>
    public async Task<IReadOnlyList<TargetTurn>> TakeAsync(int limit, string[] exceptTenants, CancellationToken cancellationToken)
    {
        // A reading takes its interval at most, or ten seconds, or a minute for Gnocchi; the lease lets it note how it went.
        const string sql = $"""
            with clock as (select now() as now, (extract(epoch from now()) * 1000)::bigint as ms)
            update targets
            set turn = turn + 1,
                lease_end = clock.now + make_interval(secs => least(interval_milliseconds / 1000.0, case kind when 3 then 60 else 10 end) + 5),
                next_scrape_time = to_timestamp(
                    (clock.ms - mod(clock.ms - mod(abs(hashtextextended(tenant || '/' || id, 0) / 2), interval_milliseconds), interval_milliseconds)
                        + interval_milliseconds) / 1000.0)
            from clock
            where (tenant, id) in
            (
                select tenant, id from targets
                where not paused and (lease_end is null and next_scrape_time <= now() or lease_end <= now()) and tenant <> all(@exceptTenants)
                order by next_scrape_time limit @limit for update skip locked
            )
            returning {TargetStore.Columns}, turn
            """;
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var due = await transaction.QueryAsync<TurnRow>(sql, new { limit, exceptTenants }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return [.. due.Select(row => new TargetTurn(row, row.Turn))];
    }

    /// <summary>Ends a turn and notes how it went; that counts only where the target is still what was read.</summary>
    public async Task FinishAsync(TargetTurn turn, ScrapeOutcome outcome, CancellationToken cancellationToken)
    {
        const string sql = """
            update targets
            set lease_end = null,
                state = case when revision = @Revision then @state else state end,
                last_error = case when revision = @Revision then @Error else last_error end,
                last_scrape_time = now()
            where tenant = @Tenant and id = @Id and turn = @Number
            """;
        var state = (short)(outcome.Up ? V1.Target.Types.State.Up : V1.Target.Types.State.Down);
        await ExecuteAsync(turn, sql, new { turn.Target.Tenant, turn.Target.Id, turn.Target.Revision, turn.Number, state, outcome.Error }, cancellationToken);
    }

    /// <summary>Gives a turn back: whoever asks next reads the target.</summary>
    public Task ReturnAsync(TargetTurn turn, CancellationToken cancellationToken)
    {
        const string sql = """
            update targets set lease_end = null, next_scrape_time = now() where tenant = @Tenant and id = @Id and turn = @Number
            """;
        return ExecuteAsync(turn, sql, new { turn.Target.Tenant, turn.Target.Id, turn.Number }, cancellationToken);
    }

    private async Task ExecuteAsync(TargetTurn turn, string sql, object values, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(turn.Target.Tenant, cancellationToken);
        await transaction.ExecuteAsync(sql, values, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private sealed record TurnRow : Target
    {
        public long Turn { get; init; }
    }
}
