using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;

namespace Mesh.Ingestion.Tests.Alerts;

[Trait("Needs", "servers")]
public sealed class AlertTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    private AlertService.AlertServiceClient Client => new(servers.Channel);

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    [Fact]
    public async Task A_threshold_fires_for_its_series_is_acknowledged_and_ends()
    {
        using var sender = await Sender.OpenAsync(servers, "alarm");
        await sender.SendAsync(new Batch
        {
            Number = 1, Series = { Sender.Series(1, "load", "host=a"), Sender.Series(2, "load", "host=b") },
            Samples = Sender.Samples((1, Now, 9), (2, Now, 1)),
        });
        await CreateAsync("alarm", "high-load", new AlertPolicy
        {
            Threshold = new() { Selector = "load", Comparison = AlertPolicy.Types.Comparison.Above, Value = 5 },
            Severity = AlertSeverity.Critical, Labels = { ["team"] = "ops" },
        });

        using var watch = Client.WatchAlerts(new WatchAlertsRequest { Parent = "tenants/alarm" }, IngestionProcess.Headers);
        var alert = await NextAsync(watch, Alert.Types.State.Firing);
        Assert.Equal("tenants/alarm/alertPolicies/high-load", alert.Policy);
        Assert.Equal((9, AlertSeverity.Critical), (alert.Value, alert.Severity));
        Assert.Equal(new Dictionary<string, string> { ["host"] = "a", ["team"] = "ops" }, alert.Labels);

        await Client.AcknowledgeAlertAsync(new AcknowledgeAlertRequest { Name = alert.Name }, IngestionProcess.Headers);
        Assert.Equal("services/agent", (await NextAsync(watch, Alert.Types.State.Firing)).AcknowledgedBy);

        await sender.SendAsync(new Batch { Number = 2, Samples = Sender.Samples((1, Now, 2)) });
        Assert.Equal(alert.Name, (await NextAsync(watch, Alert.Types.State.Resolved)).Name);
        var list = await Client.ListAlertsAsync(new ListAlertsRequest { Parent = "tenants/alarm" }, IngestionProcess.Headers);
        Assert.Equal(Alert.Types.State.Resolved, Assert.Single(list.Alerts).State);
    }

    [Fact]
    public async Task An_absence_fires_until_samples_come()
    {
        await CreateAsync("absent", "heart", new AlertPolicy
        {
            Absence = new() { Selector = "heartbeat{app='shop'}", Window = Duration.FromTimeSpan(TimeSpan.FromMinutes(1)) },
        });
        using var watch = Client.WatchAlerts(new WatchAlertsRequest { Parent = "tenants/absent" }, IngestionProcess.Headers);
        Assert.Equal("shop", (await NextAsync(watch, Alert.Types.State.Firing)).Labels["app"]);

        using var sender = await Sender.OpenAsync(servers, "absent");
        await sender.SendAsync(new Batch
        {
            Number = 1, Series = { Sender.Series(1, "heartbeat", "app=shop") }, Samples = Sender.Samples((1, Now, 1)),
        });
        await NextAsync(watch, Alert.Types.State.Resolved);
    }

    [Fact]
    public async Task Policies_are_created_changed_and_deleted_and_their_alerts_end_with_them()
    {
        var created = await CreateAsync("policies", "p", new AlertPolicy
        {
            Absence = new() { Selector = "nothing", Window = Duration.FromTimeSpan(TimeSpan.FromMinutes(1)) },
        });
        using var watch = Client.WatchAlerts(new WatchAlertsRequest { Parent = "tenants/policies" }, IngestionProcess.Headers);
        await NextAsync(watch, Alert.Types.State.Firing);

        var changed = (await Client.UpdateAlertPolicyAsync(
            new UpdateAlertPolicyRequest { AlertPolicy = new AlertPolicy { Name = created.Name, DisplayName = "New", Etag = created.Etag } },
            IngestionProcess.Headers)).AlertPolicy;
        Assert.Equal("New", changed.DisplayName);
        Assert.Equal("nothing", changed.Absence.Selector);

        await Client.DeleteAlertPolicyAsync(new DeleteAlertPolicyRequest { Name = created.Name }, IngestionProcess.Headers);
        await NextAsync(watch, Alert.Types.State.Resolved);
        var invalid = await Assert.ThrowsAsync<RpcException>(() => CreateAsync("policies", "q", new AlertPolicy()));
        Assert.Equal(StatusCode.InvalidArgument, invalid.StatusCode);
    }

    private async Task<AlertPolicy> CreateAsync(string tenant, string id, AlertPolicy policy) => (await Client.CreateAlertPolicyAsync(
        new CreateAlertPolicyRequest { Parent = "tenants/" + tenant, AlertPolicyId = id, AlertPolicy = policy }, IngestionProcess.Headers)).AlertPolicy;

    private static async Task<Alert> NextAsync(AsyncServerStreamingCall<WatchAlertsResponse> watch, Alert.Types.State state)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await watch.ResponseStream.MoveNext(patience.Token))
        {
            if (watch.ResponseStream.Current.Alert is { } alert && alert.State == state)
                return alert;
        }

        throw new InvalidOperationException("the watch ended");
    }
}
