using Mesh.Common.Postgres;
using Mesh.Ingestion.Alerts;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Npgsql;

namespace Mesh.Ingestion.Tests.Alerts;

[Trait("Needs", "servers")]
public sealed class AlertTurnTests(ReplicaServers servers) : IClassFixture<ReplicaServers>, IAsyncLifetime
{
    private NpgsqlDataSource _administrator = null!, _application = null!;
    private AlertTurnStore _turns = null!;

    public async Task InitializeAsync()
    {
        // The tables are there as soon as the service answers; nobody else takes turns after that.
        await using (var ingestion = servers.Replica("a"))
        {
            await ingestion.StartAsync();
            using var channel = ingestion.Connect();
            await new V1.AlertService.AlertServiceClient(channel)
                .ListAlertPoliciesAsync(new ListAlertPoliciesRequest { Parent = "tenants/acme" }, IngestionProcess.Headers);
        }

        DapperTypes.Register();
        _administrator = NpgsqlDataSource.Create(servers.Postgres);
        _application = PostgresSetup.ApplicationSource(servers.Postgres, "ingestion");
        _turns = new AlertTurnStore(new MeshDatabase(_application, SchemaReadiness.Open()), new AlertOptions());
    }

    public async Task DisposeAsync()
    {
        await _application.DisposeAsync();
        await _administrator.DisposeAsync();
    }

    [Fact]
    public async Task A_backlog_is_taken_by_as_many_as_slots_are_free_and_hides_nobody()
    {
        await RowAsync("""
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
        Assert.InRange(await RowAsync("select count(*) from alert_policies where xmax::text <> '0'"), 6, 8);

        running["backlog"] += 2;
        var second = await TakeAsync(running);
        Assert.Equal(["calm"], Tenants(second));
        Assert.False(second.LeftOut);
        running["calm"] = 1;
        Assert.Equal([], Tenants(await TakeAsync(running)));
        Assert.Equal(198, await RowAsync("select count(*) from alert_policies where next_evaluation_time <= now()"));
    }

    private static IEnumerable<string> Tenants(AlertTurns taken) => taken.Turns.Select(turn => turn.Policy.Name.Tenant);

    private Task<AlertTurns> TakeAsync(Dictionary<string, int> running) => _turns.TakeAsync(AlertSlots.Normal, running, CancellationToken.None);

    private async Task<long> RowAsync(string sql)
    {
        await using var command = _administrator.CreateCommand("set search_path = ingestion; set app.tenant = '*'; " + sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
