using Mesh.Ingestion.Alerts;
using Mesh.Ingestion.Quotas;

namespace Mesh.Ingestion.Tests.Alerts;

[Trait("Needs", "servers")]
public sealed class AlertTurnTests(AlertTables tables) : IClassFixture<AlertTables>
{
    private readonly AlertTurnStore _turns = new(tables.Database, new AlertOptions());

    [Fact]
    public async Task A_backlog_is_taken_by_as_many_as_slots_are_free_and_hides_nobody()
    {
        await tables.NumberAsync("""
            insert into alert_policies (tenant, id, spec, paused, next_evaluation_time, create_time)
            select 'backlog', 'p' || i, '{}'::jsonb, false, now() - interval '1 hour', now() from generate_series(1, 200) as i
            union all select 'calm', 'p', '{}', false, now() - interval '1 minute', now()
            returning 0::bigint
            """);
        var running = new Dictionary<string, int> { ["backlog"] = 5, ["elsewhere"] = 3 };

        // Eight slots are free, of which the tenant may take two.
        var first = await TakeAsync(running);
        Assert.Equal(["backlog", "backlog"], Tenants(first));
        Assert.True(first.LeftOut);
        // The six others of those were locked, and nothing else.
        Assert.InRange(await tables.NumberAsync("select count(*) from alert_policies where xmax::text <> '0'"), 6, 8);

        running["backlog"] += 2;
        var second = await TakeAsync(running);
        Assert.Equal(["calm"], Tenants(second));
        Assert.False(second.LeftOut);
        running["calm"] = 1;
        Assert.Equal([], Tenants(await TakeAsync(running)));
        Assert.Equal(198, await tables.NumberAsync("select count(*) from alert_policies where next_evaluation_time <= now()"));
    }

    private static IEnumerable<string> Tenants(AlertTurns taken) => taken.Turns.Select(turn => turn.Policy.Name.Tenant);

    private Task<AlertTurns> TakeAsync(Dictionary<string, int> running) => _turns.TakeAsync(TenantSlots.Policies, running, CancellationToken.None);
}
