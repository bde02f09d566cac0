using Mesh.Common.Postgres;
using Mesh.Ingestion.Alerts;
using Mesh.Ingestion.V1;
using Mesh.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using State = Mesh.Ingestion.V1.Alert.Types.State;

namespace Mesh.Ingestion.Tests.Alerts;

[Trait("Needs", "servers")]
public sealed class AlertWatchTests(AlertTables tables) : IClassFixture<AlertTables>, IAsyncLifetime
{
    private readonly CancellationTokenSource _patience = new(3 * Wait.Limit);
    private PostgresSignals _signals = null!;

    private AlertStore Alerts => new(tables.Database, new AlertTurnStore(tables.Database, new AlertOptions()), TimeProvider.System);

    private AlertWatch Watch => new(new AlertMomentStore(tables.Database), _signals);

    public async Task InitializeAsync()
    {
        DapperTypes.RegisterJson<AlertLabels>();
        _signals = new PostgresSignals(
            new PostgresListener(tables.Source, TimeProvider.System, NullLogger<PostgresListener>.Instance), [AlertStore.Channel], TimeProvider.System,
            NullLogger<PostgresSignals>.Instance);
        await _signals.StartAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _signals.StopAsync(CancellationToken.None);
        _signals.Dispose();
        _patience.Dispose();
    }

    [Fact]
    public async Task A_step_waits_for_the_one_that_was_numbered_before_it_and_a_watcher_is_told_both_in_order()
    {
        var (first, second) = (await OpenAsync("order", State.Firing), await OpenAsync("order", State.Firing));
        await using var watch = Watch.FollowAsync("order", null, _patience.Token).GetAsyncEnumerator();
        for (var i = 0; i < 3; i++)
            Assert.True(await watch.MoveNextAsync());
        Assert.Null(watch.Current.Alert);

        // It has its number and cannot write its step.
        await using var connection = await tables.ConnectAsync();
        await using var held = await connection.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("lock table alert_history in share mode", connection))
            await hold.ExecuteNonQueryAsync();
        var early = Alerts.AcknowledgeAsync(first, "early", _patience.Token);
        await UntilSomebodyWaitsAsync("relation");
        var late = Alerts.AcknowledgeAsync(second, "late", _patience.Token);
        await UntilSomebodyWaitsAsync("advisory");

        await held.CommitAsync();
        await Task.WhenAll(early, late);
        Assert.Equal(["early", "late"], [await NextAsync(), await NextAsync()]);

        async Task<string> NextAsync() => await watch.MoveNextAsync() ? watch.Current.Alert!.AcknowledgedBy : "";
    }

    [Fact]
    public async Task Whoever_breaks_off_and_goes_on_again_and_again_is_told_every_step_once_and_in_order()
    {
        const int alerts = 20, writers = 4, steps = 30;
        var names = new List<AlertName>();
        for (var i = 0; i < alerts; i++)
            names.Add(await OpenAsync("again", State.Firing));
        await OpenAsync("others", State.Firing);

        var told = new List<string>();
        var (random, cursor, opened) = (new Random(1), (AlertCursor?)null, 0);
        Task? acknowledging = null;
        while (told.Count < alerts + writers * steps)
        {
            opened++;
            var left = random.Next(1, 8);
            await foreach (var response in Watch.FollowAsync("again", cursor, _patience.Token))
            {
                // What is acknowledged from here on is none of what was open at the beginning.
                acknowledging ??= Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(() => AcknowledgeAsync(writer))));
                cursor = AlertCursor.Parse(response.Cursor, "again");
                if (response.Alert is { } alert)
                    told.Add($"{alert.Name.Split('/')[^1]} {alert.AcknowledgedBy}");
                if (--left == 0 || told.Count == alerts + writers * steps)
                    break;
            }
        }

        await acknowledging!;
        Assert.InRange(opened, 10, int.MaxValue);
        Assert.Equal(await tables.TextsAsync("select alert || ' ' || acknowledged_by from alert_history where tenant = 'again' order by change"), told);

        async Task AcknowledgeAsync(int writer)
        {
            for (var i = 0; i < steps; i++)
                await Alerts.AcknowledgeAsync(names[(writer * 7 + i * 3) % alerts], $"{writer}-{i}", _patience.Token);
        }
    }

    [Fact]
    public async Task What_was_open_at_the_beginning_is_told_as_it_was_then_and_what_is_over_is_not()
    {
        await OpenAsync("beginning", State.Resolved);
        var (pending, firing) = (await OpenAsync("beginning", State.Pending), await OpenAsync("beginning", State.Firing));
        AlertCursor? cursor = null;
        await foreach (var response in Watch.FollowAsync("beginning", null, _patience.Token))
        {
            Assert.Equal((pending.ToString(), State.Pending), (response.Alert.Name, response.Alert.State));
            Assert.Null(response.Alert.FireTime);
            cursor = AlertCursor.Parse(response.Cursor, "beginning");
            break;
        }

        await Alerts.AcknowledgeAsync(firing, "me", _patience.Token);
        var told = new List<(string?, string?)>();
        await foreach (var response in Watch.FollowAsync("beginning", cursor, _patience.Token))
        {
            told.Add((response.Alert?.Name, response.Alert?.AcknowledgedBy));
            Assert.Equal(response.Alert is null, response.ChangeTime is null);
            Assert.Equal(response.Alert?.AcknowledgedBy == "me", response.Alert?.AcknowledgeTime is not null);
            if (response.Alert is null)
                break;
            Assert.NotNull(response.Alert.FireTime);
        }

        Assert.Equal([(firing.ToString(), ""), (firing.ToString(), "me"), (null, null)], told);
    }

    private async Task<AlertName> OpenAsync(string tenant, State state)
    {
        var uid = Guid.CreateVersion7();
        await tables.NumberAsync($"""
            with new as
            (
                insert into alerts (tenant, uid, policy, labels, state, severity, value, start_time, held_time, fire_time, resolve_time, change)
                values ('{tenant}', '{uid}', 'p', jsonb_build_object('values', jsonb_build_object('uid', '{uid}')), {(int)state}, 2, 1, now(), now(), now(), now(), nextval('alert_changes'))
                returning *
            )
            insert into alert_history (tenant, alert, change, state, value, acknowledged_by, time)
            select tenant, uid, change, state, value, acknowledged_by, now() from new
            returning change
            """);
        return new AlertName(tenant, uid);
    }

    private Task UntilSomebodyWaitsAsync(string kind) => Wait.UntilAsync(
        $"a transaction waits for a lock: {kind}",
        async () => await tables.NumberAsync($"select count(*) from pg_locks where not granted and locktype = '{kind}' and database = (select oid from pg_database where datname = current_database())") > 0);
}
