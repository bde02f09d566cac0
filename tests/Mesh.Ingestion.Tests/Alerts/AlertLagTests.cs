using Google.Protobuf.WellKnownTypes;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;
using State = Mesh.Ingestion.V1.Alert.Types.State;

namespace Mesh.Ingestion.Tests.Alerts;

[Trait("Needs", "servers")]
public sealed class AlertLagTests(ReplicaServers servers) : IClassFixture<ReplicaServers>
{
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task What_waits_in_the_log_is_neither_absent_nor_over()
    {
        using var proxy = new HoldingProxy(servers.Engine.Address);
        await using var ingestion = servers.Replica("a", proxy.Address, settings: [("BATCH_MILLISECONDS", "100"), ("ALERT_MILLISECONDS", "300")]);
        await ingestion.StartAsync();
        using var channel = ingestion.Connect();
        var client = new AlertService.AlertServiceClient(channel);
        using var sender = await Sender.OpenAsync(channel, "late");
        var last = TimeProvider.System.GetUtcNow();
        await SendAsync(1);
        await AlertServers.CreateAsync(client, "late", new AlertPolicy
        {
            Threshold = new() { Selector = "load", Window = Duration.FromTimeSpan(s_window), Comparison = AlertPolicy.Types.Comparison.Above, Value = 1 },
        });
        ulong number = 1;
        await Wait.UntilAsync("the load is told of", async () =>
        {
            await SendAsync(++number);
            return (await AlertsAsync()).Any(alert => alert.State == State.Firing);
        });
        await client.CreateAlertPolicyAsync(
            new CreateAlertPolicyRequest
            {
                Parent = "tenants/late", AlertPolicyId = "silence",
                AlertPolicy = new() { Absence = new() { Selector = "load", Window = Duration.FromTimeSpan(s_window) } },
            },
            IngestionProcess.Headers);

        // From here on the tables learn nothing, while all other questions are answered.
        proxy.Hold("insert%20into%20samples%20");
        await Wait.UntilAsync("both policies have been evaluated beyond what the tables have", async () =>
        {
            await SendAsync(++number);
            var policies = await client.ListAlertPoliciesAsync(new ListAlertPoliciesRequest { Parent = "tenants/late" }, IngestionProcess.Headers);
            return proxy.Held > 0 && policies.AlertPolicies.Count == 2
                && policies.AlertPolicies.All(policy => policy.EvaluateTime?.ToDateTimeOffset() > last + s_window);
        });

        var alert = Assert.Single(await AlertsAsync());
        Assert.Equal((State.Firing, 2), (alert.State, alert.Value));

        async Task SendAsync(ulong batch)
        {
            if (proxy.Held == 0)
                last = TimeProvider.System.GetUtcNow();
            var request = new Batch { Number = batch, Samples = Sender.Samples((1, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), 2)) };
            if (batch == 1)
                request.Series.Add(Sender.Series(1, "load"));
            await sender.SendAsync(request);
        }

        async Task<IReadOnlyList<Alert>> AlertsAsync() =>
            (await client.ListAlertsAsync(new ListAlertsRequest { Parent = "tenants/late" }, IngestionProcess.Headers)).Alerts;
    }
}
