using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Client;
using Mesh.Common.Errors;
using Mesh.Ingestion.Alerts;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;
using AlertService = Mesh.Ingestion.V1.AlertService;
using State = Mesh.Ingestion.V1.Alert.Types.State;

namespace Mesh.Ingestion.Tests.Alerts;

[Trait("Needs", "servers")]
public sealed class AlertResumeTests(AlertServers servers) : IClassFixture<AlertServers>, IDisposable
{
    private readonly GrpcChannel _a = servers.A.Connect(), _b = servers.B.Connect();
    private readonly CancellationTokenSource _patience = new(3 * Wait.Limit);

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
        _patience.Dispose();
    }

    [Fact]
    public async Task A_watcher_misses_no_step_and_is_told_none_twice_over_kills_and_replicas()
    {
        var policy = await AlertServers.CreateAsync(new(_a), "resumed", Absent());
        var firing = await AlertServers.AlertAsync(new(_a), "resumed", State.Firing);
        using var client = new MeshClient(new MeshClientOptions { Address = servers.A.Address, Token = IngestionProcess.TokenOf("agent") });
        var (told, last) = (new List<(State, string)>(), "");

        // One that goes on by itself when its replica is back.
        var watching = Task.Run(async () =>
        {
            await foreach (var response in client.Alerts.WatchAsync(new WatchAlertsRequest { Parent = "tenants/resumed" }, _patience.Token))
            {
                lock (told)
                {
                    last = response.Cursor;
                    if (response.Alert is { } alert)
                        told.Add((alert.State, alert.AcknowledgedBy));
                }

                if (response.Alert?.State == State.Resolved)
                    return;
            }
        });
        await UntilToldAsync(1);
        await servers.A.KillAsync();
        await AcknowledgeAsync("one");
        await servers.A.StartAsync();
        await UntilToldAsync(2);
        await servers.A.KillAsync();
        await AcknowledgeAsync("two");

        // One that goes on at the other replica, from the cursor of the first.
        string cursor;
        lock (told)
            cursor = last;
        using var other = new AlertService.AlertServiceClient(_b).WatchAlerts(new() { Parent = "tenants/resumed", Cursor = cursor }, IngestionProcess.Headers);
        Assert.True(await other.ResponseStream.MoveNext(_patience.Token));
        Assert.Equal((firing.Name, "services/two"), (other.ResponseStream.Current.Alert.Name, other.ResponseStream.Current.Alert.AcknowledgedBy));
        await new AlertService.AlertServiceClient(_b).DeleteAlertPolicyAsync(new DeleteAlertPolicyRequest { Name = policy.Name }, IngestionProcess.Headers);
        var states = new List<State?>();
        while (states.Count < 2 && await other.ResponseStream.MoveNext(_patience.Token))
            states.Add(other.ResponseStream.Current.Alert?.State);
        Assert.Equal([null, State.Resolved], states.Order());

        await servers.A.StartAsync();
        await watching;
        Assert.Equal([(State.Firing, ""), (State.Firing, "services/one"), (State.Firing, "services/two"), (State.Resolved, "services/two")], told);
        var history = await new AlertService.AlertServiceClient(_b).ListAlertChangesAsync(
            new ListAlertChangesRequest { Parent = firing.Name }, IngestionProcess.Headers);
        Assert.Equal(told, history.AlertChanges.Select(change => (change.State, change.AcknowledgedBy)));

        Task UntilToldAsync(int steps) => Wait.UntilAsync($"{steps} steps are told", () =>
        {
            lock (told)
                return told.Count == steps;
        });
        async Task AcknowledgeAsync(string by) => await new AlertService.AlertServiceClient(_b).AcknowledgeAlertAsync(
            new AcknowledgeAlertRequest { Name = firing.Name }, IngestionProcess.HeadersOf(by));
    }

    [Fact]
    public async Task A_cursor_behind_which_something_is_forgotten_is_refused()
    {
        var before = await CursorAsync("");
        await servers.RowAsync("""
            with steps as
            (
                insert into alert_history (tenant, alert, change, state, value, acknowledged_by, time)
                select 'expired', '00000000-0000-7000-8000-000000000001', nextval('alert_changes'), state, 1, '', now() - interval '91 days'
                from generate_series(2, 3) as state
                returning change
            )
            insert into alerts (tenant, uid, policy, labels, state, severity, value, start_time, held_time, resolve_time, change)
            select 'expired', '00000000-0000-7000-8000-000000000001', 'p', '{"values":{}}', 3, 2, 1, now(), now(), now() - interval '91 days', max(change) from steps
            """);
        await servers.WaitForAsync("select count(*) from alerts where tenant = 'expired'", 0);

        Assert.Equal((StatusCode.OutOfRange, "CURSOR_EXPIRED"), await RefusedAsync(before));
        // A database that was restored knows less than its watchers.
        Assert.Equal((StatusCode.OutOfRange, "CURSOR_EXPIRED"), await RefusedAsync(new AlertCursor(1L << 60, 1L << 60).ToText("expired")));
        Assert.Equal(StatusCode.InvalidArgument, (await RefusedAsync(new AlertCursor(0, 0).ToText("other"))).Code);
        Assert.Equal(StatusCode.InvalidArgument, (await RefusedAsync("x")).Code);
        var after = await CursorAsync("");
        Assert.Equal(after, await CursorAsync(after));

        async Task<string> CursorAsync(string from)
        {
            using var watch = new AlertService.AlertServiceClient(_b).WatchAlerts(new() { Parent = "tenants/expired", Cursor = from }, IngestionProcess.Headers);
            Assert.True(await watch.ResponseStream.MoveNext(_patience.Token));
            Assert.Null(watch.ResponseStream.Current.Alert);
            return watch.ResponseStream.Current.Cursor;
        }

        async Task<(StatusCode Code, string? Reason)> RefusedAsync(string cursor)
        {
            using var watch = new AlertService.AlertServiceClient(_b).WatchAlerts(new() { Parent = "tenants/expired", Cursor = cursor }, IngestionProcess.Headers);
            var refused = await Assert.ThrowsAsync<RpcException>(() => watch.ResponseStream.MoveNext(_patience.Token));
            return (refused.StatusCode, refused.Reason());
        }
    }

    [Fact]
    public async Task More_watchers_than_the_pool_has_connections_are_all_told_and_hinder_nobody()
    {
        var client = new AlertService.AlertServiceClient(_b);
        var watches = Enumerable.Range(0, 50).Select(_ => client.WatchAlerts(new() { Parent = "tenants/many" }, IngestionProcess.Headers)).ToList();
        foreach (var watch in watches)
            Assert.True(await watch.ResponseStream.MoveNext(_patience.Token));
        await AlertServers.CreateAsync(client, "many", Absent());
        var firing = await AlertServers.AlertAsync(client, "many", State.Firing);
        foreach (var watch in watches)
        {
            Assert.True(await watch.ResponseStream.MoveNext(_patience.Token));
            Assert.Equal(firing.Name, watch.ResponseStream.Current.Alert.Name);
            watch.Dispose();
        }
    }

    [Fact]
    public async Task One_alert_is_answered_as_it_is()
    {
        var client = new AlertService.AlertServiceClient(_b);
        await AlertServers.CreateAsync(client, "one", Absent());
        var firing = await AlertServers.AlertAsync(client, "one", State.Firing);
        var acknowledged = (await client.AcknowledgeAlertAsync(new AcknowledgeAlertRequest { Name = firing.Name }, IngestionProcess.Headers)).Alert;
        var got = (await client.GetAlertAsync(new GetAlertRequest { Name = firing.Name }, IngestionProcess.Headers)).Alert;
        Assert.Equal((acknowledged.Name, acknowledged.AcknowledgeTime, State.Firing), (got.Name, got.AcknowledgeTime, got.State));

        var other = firing.Name.Replace("/one/", "/another/", StringComparison.Ordinal);
        foreach (var (name, code, told) in new[]
        {
            (other, StatusCode.NotFound, "ALERT_NOT_FOUND"),
            ("tenants/one/alerts/p", StatusCode.InvalidArgument, "name"),
            ("", StatusCode.InvalidArgument, "name"),
        })
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() => client.GetAlertAsync(new GetAlertRequest { Name = name }, IngestionProcess.Headers).ResponseAsync);
            Assert.Equal(code, refused.StatusCode);
            Assert.True(refused.Reason() == told || refused.Status.Detail.StartsWith(told, StringComparison.Ordinal), refused.Status.Detail);
        }
    }

    private static V1.AlertPolicy Absent() => new()
    {
        Absence = new() { Selector = "silence", Window = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) },
    };
}
