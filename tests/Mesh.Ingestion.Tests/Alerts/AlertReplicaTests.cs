using Google.Protobuf.WellKnownTypes;
using Grpc.Net.Client;
using Mesh.Common.Postgres;
using Mesh.Ingestion.Alerts;
using Mesh.Ingestion.Quotas;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using AlertService = Mesh.Ingestion.V1.AlertService;
using State = Mesh.Ingestion.V1.Alert.Types.State;

namespace Mesh.Ingestion.Tests.Alerts;

[Trait("Needs", "servers")]
public sealed class AlertReplicaTests(AlertServers servers) : IClassFixture<AlertServers>, IDisposable
{
    private readonly GrpcChannel _a = servers.A.Connect(), _b = servers.B.Connect();

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    [Fact]
    public async Task Two_replicas_evaluate_a_policy_no_more_often_than_one()
    {
        const string sql = "select evaluation, evaluate_time from alert_policies where tenant = 'shared' and evaluate_time is not null";
        await AlertServers.CreateAsync(new(_a), "shared", Absent(TimeSpan.Zero));
        var first = await AlertServers.UntilAsync(async () => await servers.RowAsync(sql) is { Length: > 0 } row ? row : null);
        await servers.EvaluateAsync("shared", 10);
        var last = await servers.RowAsync(sql);

        // The last turn may have been taken and not ended, so that the time is that of the turn before.
        var turns = (long)last[0]! - (long)first[0]! - 1;
        Assert.True(turns * TimeSpan.FromMilliseconds(300) <= (DateTime)last[1]! - (DateTime)first[1]!, $"{turns} turns");
    }

    [Fact]
    public async Task An_alert_lives_through_kills_of_whoever_evaluates_it()
    {
        using var endpoint = new WebhookEndpoint(_ => 200);
        var policy = Absent(TimeSpan.FromSeconds(6));
        policy.Webhook = new() { Url = endpoint.Url, Secret = "0123456789abcdef" };
        await AlertServers.CreateAsync(new(_a), "kills", policy);
        // Its history below tells that it was pending first.
        var pending = await AlertServers.AlertAsync(new(_a), "kills", State.Unspecified);
        foreach (var replica in new[] { servers.A, servers.B, servers.A })
        {
            await replica.KillAsync();
            await servers.EvaluateAsync("kills", 2);
            await replica.StartAsync();
        }

        var firing = await AlertServers.AlertAsync(new(_b), "kills", State.Firing);
        Assert.Equal((pending.Name, pending.StartTime), (firing.Name, firing.StartTime));
        Assert.True(firing.FireTime.ToDateTimeOffset() - firing.StartTime.ToDateTimeOffset() >= TimeSpan.FromSeconds(6));
        await servers.B.KillAsync();
        await servers.EvaluateAsync("kills", 2);
        await servers.B.StartAsync();

        var history = await new AlertService.AlertServiceClient(_a).ListAlertChangesAsync(
            new ListAlertChangesRequest { Parent = firing.Name }, IngestionProcess.Headers);
        Assert.Equal([State.Pending, State.Firing], history.AlertChanges.Select(change => change.State));
        await AlertServers.UntilAsync<object>(() => Task.FromResult(endpoint.Calls.IsEmpty ? null : (object?)this));
        Assert.Single(endpoint.Calls.Select(call => call.Delivery).Distinct());
    }

    [Fact]
    public async Task After_a_break_absence_says_nothing_until_its_window_was_watched()
    {
        var policy = Absent(TimeSpan.Zero);
        policy.Absence.Window = Duration.FromTimeSpan(TimeSpan.FromHours(1));
        policy.Paused = true;
        var client = new AlertService.AlertServiceClient(_a);
        var created = await AlertServers.CreateAsync(client, "break", policy);
        await servers.RowAsync("update alert_policies set evaluate_time = now() - interval '1 day' where tenant = 'break'");
        await client.UpdateAlertPolicyAsync(
            new UpdateAlertPolicyRequest { AlertPolicy = new() { Name = created.Name }, UpdateMask = FieldMask.FromString("paused") },
            IngestionProcess.Headers);
        await servers.EvaluateAsync("break", 4);
        Assert.Empty((await client.ListAlertsAsync(new ListAlertsRequest { Parent = "tenants/break" }, IngestionProcess.Headers)).Alerts);

        await AlertServers.UntilAsync(async () =>
        {
            // Again and again: a turn that was under way may have set the time again.
            await servers.RowAsync("update alert_policies set resume_time = now() - interval '2 hours' where tenant = 'break'");
            var alerts = await client.ListAlertsAsync(new ListAlertsRequest { Parent = "tenants/break" }, IngestionProcess.Headers);
            return alerts.Alerts.FirstOrDefault(alert => alert.State == State.Firing);
        });
    }

    [Fact]
    public async Task A_policy_that_cannot_be_evaluated_stops_no_other()
    {
        await servers.RowAsync("""
            insert into alert_policies (tenant, id, spec, paused, next_evaluation_time, create_time) values ('faulty', 'p', '{}', false, '-infinity', now())
            """);
        await AlertServers.CreateAsync(new(_a), "sound", Absent(TimeSpan.Zero));
        await servers.EvaluateAsync("faulty", 2);
        await servers.EvaluateAsync("sound", 2);
        Assert.NotEqual("", (await servers.RowAsync("select evaluation_error from alert_policies where tenant = 'faulty'"))[0]);
    }

    [Fact]
    public async Task A_turn_that_another_has_followed_decides_nothing()
    {
        DapperTypes.Register();
        DapperTypes.RegisterJson<AlertLabels>();
        await using var source = PostgresSetup.ApplicationSource(servers.Postgres, "ingestion");
        var database = new MeshDatabase(source, SchemaReadiness.Open());
        var turns = new AlertTurnStore(database, new AlertOptions());
        var store = new AlertStore(database, turns, TimeProvider.System);
        await servers.A.KillAsync();
        await servers.B.KillAsync();
        await servers.RowAsync("""
            insert into alert_policies (tenant, id, spec, paused, next_evaluation_time, create_time) values ('fenced', 'p', '{}', false, '-infinity', now())
            """);

        var late = Assert.Single(await TakeAsync());
        Assert.Empty(await TakeAsync());
        await servers.RowAsync("update alert_policies set next_evaluation_time = '-infinity' where tenant = 'fenced'");
        var last = Assert.Single(await TakeAsync());
        var found = new Findings([new Finding(new AlertLabels([]), 1)], _ => false);
        await DecideAsync(late);
        await turns.FailAsync(late, "late", CancellationToken.None);
        Assert.Empty(await ListAsync());
        await DecideAsync(last);
        Assert.Equal(State.Firing, Assert.Single(await ListAsync()).State);
        await DecideAsync(late);
        Assert.Single(await ListAsync());
        await servers.RowAsync("delete from alert_policies where tenant = 'fenced'");
        await servers.A.StartAsync();
        await servers.B.StartAsync();

        async Task<List<AlertTurn>> TakeAsync() =>
            [.. (await turns.TakeAsync(new TenantSlots(100), new Dictionary<string, int>(), CancellationToken.None)).Turns.Where(turn => turn.Policy.Name.Tenant == "fenced")];
        Task DecideAsync(AlertTurn turn) =>
            store.DecideAsync(turn, open => AlertEvaluation.Decide(turn.Policy, open, found, turn.Time), CancellationToken.None);
        Task<IReadOnlyList<Ingestion.Alerts.Alert>> ListAsync() => store.ListAsync("fenced", State.Unspecified, "", null, 10, CancellationToken.None);
    }

    private static V1.AlertPolicy Absent(TimeSpan hold) => new()
    {
        Absence = new() { Selector = "silence", Window = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) },
        HoldDuration = Duration.FromTimeSpan(hold),
    };
}
