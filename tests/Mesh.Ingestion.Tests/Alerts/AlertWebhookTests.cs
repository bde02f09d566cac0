using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Servers;
using Mesh.Testing;
using Delivered = Mesh.Ingestion.V1.AlertDelivery.Types.State;
using State = Mesh.Ingestion.V1.Alert.Types.State;

namespace Mesh.Ingestion.Tests.Alerts;

[Trait("Needs", "servers")]
public sealed class AlertWebhookTests(AlertServers servers) : IClassFixture<AlertServers>, IDisposable
{
    private const string Secret = "correct horse battery staple";

    private readonly GrpcChannel _channel = servers.A.Connect();

    private AlertService.AlertServiceClient Client => new(_channel);

    public void Dispose() => _channel.Dispose();

    [Fact]
    public async Task A_webhook_is_told_that_an_alert_fires_and_that_it_is_over_signed_and_tried_again()
    {
        using var endpoint = new WebhookEndpoint(call => call < 2 ? 503 : 204);
        var policy = await AlertServers.CreateAsync(Client, "told", Absent(endpoint.Url));
        Assert.Equal((endpoint.Url, ""), (policy.Webhook.Url, policy.Webhook.Secret));
        var alert = await AlertServers.AlertAsync(Client, "told", State.Firing);
        await DeliveryAsync("told", Delivered.Delivered);
        await Client.DeleteAlertPolicyAsync(new DeleteAlertPolicyRequest { Name = policy.Name }, IngestionProcess.Headers);
        await AlertServers.UntilAsync<object>(() => Task.FromResult(endpoint.Calls.Count >= 4 ? this : (object?)null));

        var calls = endpoint.Calls.ToArray();
        Assert.All(calls, call =>
        {
            byte[] signed = [.. Encoding.UTF8.GetBytes(call.Time + "."), .. call.Body];
            Assert.Equal("v1=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), signed)), call.Signature);
        });
        Assert.Equal(2, calls.Select(call => call.Delivery).Distinct().Count());
        Assert.Equal(calls[0].Body, calls[2].Body);
        var told = calls.Select(call => JsonParser.Default.Parse<AlertNotification>(Encoding.UTF8.GetString(call.Body))).ToArray();
        Assert.Equal([State.Firing, State.Firing, State.Firing, State.Resolved], told.Take(4).Select(call => call.Alert.State));
        Assert.All(told, call => Assert.Equal((alert.Name, "Silence"), (call.Alert.Name, call.PolicyDisplayName)));
        Assert.Equal(calls.Select(call => call.Delivery), told.Select(call => call.DeliveryId));
        Assert.DoesNotContain(Secret, string.Concat(await servers.RowAsync("select spec::text, webhook_secret::text from alert_policies limit 1")));
    }

    [Fact]
    public async Task A_delivery_that_never_succeeds_is_given_up_with_its_last_error()
    {
        using var endpoint = new WebhookEndpoint(_ => 418);
        await AlertServers.CreateAsync(Client, "failed", Absent(endpoint.Url));
        var delivery = await DeliveryAsync("failed", Delivered.Failed);
        Assert.Equal((5, "The endpoint answered 418."), (delivery.Attempts, delivery.LastError));
        Assert.Equal(State.Firing, delivery.AlertState);
        Assert.NotNull(delivery.FinishTime);
        Assert.Equal(5, endpoint.Calls.Count);
    }

    [Fact]
    public async Task Meshs_own_programs_are_no_receivers()
    {
        await AlertServers.CreateAsync(Client, "inward", Absent(new Uri(servers.B.Address, "/collectd").ToString()));
        var delivery = await DeliveryAsync("inward", Delivered.Failed);
        Assert.Equal("The endpoint answered 403.", delivery.LastError);
    }

    [Fact]
    public async Task The_receiver_of_the_documentation_believes_what_is_sent_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        var text = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs/alerts.md"));
        var program = Path.Combine(folder.Path, "receiver.mjs");
        await File.WriteAllTextAsync(program, Regex.Match(text, @"```js\n([\s\S]*?)```").Groups[1].Value);
        var port = FreePorts.Next();
        var environment = new Dictionary<string, string> { ["PORT"] = $"{port}", ["WEBHOOK_SECRET"] = Secret };
        var receiver = ChildProcess.Start(new ServerCommand("node", [program]) { Environment = environment });
        try
        {
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
            var body = Encoding.UTF8.GetBytes("""{"deliveryId": "1", "alert": {"state": "STATE_FIRING"}}""");
            var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
            await AlertServers.UntilAsync<object>(async () => await PostAsync(now, Secret) == 204 ? http : null);
            Assert.Equal(401, await PostAsync(now, "another secret of somebody else"));
            Assert.Equal(401, await PostAsync(now - 3600, Secret));
            await AlertServers.CreateAsync(Client, "documented", Absent(http.BaseAddress.ToString()));
            Assert.Equal(1, (await DeliveryAsync("documented", Delivered.Delivered)).Attempts);

            async Task<int> PostAsync(long time, string secret)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "") { Content = new ByteArrayContent(body) };
                request.Headers.Add("Mesh-Timestamp", $"{time}");
                request.Headers.Add("Mesh-Signature", Ingestion.Alerts.WebhookSender.Signature(Encoding.UTF8.GetBytes(secret), $"{time}", body));
                try
                {
                    using var response = await http.SendAsync(request);
                    return (int)response.StatusCode;
                }
                catch (HttpRequestException)
                {
                    return 0;
                }
            }
        }
        finally
        {
            await receiver.KillAsync();
        }
    }

    [Fact]
    public async Task What_was_over_long_ago_is_forgotten_and_nothing_else()
    {
        const string left = """
            select (select count(*) from alerts where tenant = '{0}') + (select count(*) from alert_history where tenant = '{0}')
                + (select count(*) from alert_deliveries where tenant = '{0}')
            """;
        using var endpoint = new WebhookEndpoint(_ => 200);
        foreach (var tenant in new[] { "long-ago", "lately" })
        {
            var policy = await AlertServers.CreateAsync(Client, tenant, Absent(endpoint.Url));
            await AlertServers.AlertAsync(Client, tenant, State.Firing);
            await Client.DeleteAlertPolicyAsync(new DeleteAlertPolicyRequest { Name = policy.Name }, IngestionProcess.Headers);
            await servers.WaitForAsync($"select count(*) from alert_deliveries where state = 2 and tenant = '{tenant}'", 2);
        }

        await servers.RowAsync("""
            update alerts set resolve_time = now() - interval '91 days' where tenant = 'long-ago';
            update alert_deliveries set finish_time = now() - interval '31 days' where tenant = 'long-ago'
            """);
        await servers.WaitForAsync(string.Format(null, left, "long-ago"), 0);
        await servers.RowAsync("""
            update alerts set resolve_time = now() - interval '89 days' where tenant = 'lately';
            update alert_deliveries set finish_time = now() - interval '29 days' where tenant = 'lately'
            """);
        await servers.WaitForAsync(string.Format(null, left, "lately"), 1 + 2 + 2);
    }

    [Fact]
    public async Task A_kill_during_a_delivery_loses_nothing()
    {
        using var endpoint = new WebhookEndpoint(call => call < 1 ? null : 200);
        await servers.B.KillAsync();
        await AlertServers.CreateAsync(Client, "killed", Absent(endpoint.Url));
        await AlertServers.UntilAsync<object>(() => Task.FromResult(endpoint.Calls.IsEmpty ? null : (object?)this));
        await servers.A.KillAsync();
        await servers.A.StartAsync();
        await servers.B.StartAsync();

        var delivery = await DeliveryAsync("killed", Delivered.Delivered);
        Assert.True(delivery.Attempts >= 2);
        Assert.Equal(delivery.Uid, Assert.Single(endpoint.Calls.Select(call => call.Delivery).Distinct()));
    }

    [Fact]
    public async Task A_secret_is_asked_for_with_a_new_url_and_kept_with_the_old_one()
    {
        var policy = await AlertServers.CreateAsync(Client, "secrets", new AlertPolicy(Absent("http://127.0.0.1:9/hook")) { Paused = true });
        var same = new AlertPolicy { Name = policy.Name, Webhook = new() { Url = "http://127.0.0.1:9/hook" } };
        Assert.Equal("http://127.0.0.1:9/hook", (await UpdateAsync(same)).Webhook.Url);
        foreach (var url in new[] { "http://127.0.0.1:9/other", "ftp://127.0.0.1/", "http://me:you@127.0.0.1/", "/hook" })
        {
            var other = new AlertPolicy { Name = policy.Name, Webhook = new() { Url = url } };
            Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => UpdateAsync(other))).StatusCode);
        }

        var clone = await Client.CloneAlertPolicyAsync(
            new CloneAlertPolicyRequest { Name = policy.Name, Parent = "tenants/secrets", AlertPolicyId = "q" }, IngestionProcess.Headers);
        Assert.Equal((policy.Webhook, "tenants/secrets/alertPolicies/q"), (clone.AlertPolicy.Webhook, clone.AlertPolicy.Name));
        var foreign = await Assert.ThrowsAsync<RpcException>(async () => await Client.CloneAlertPolicyAsync(
            new CloneAlertPolicyRequest { Name = policy.Name, Parent = "tenants/others", AlertPolicyId = "q" }, IngestionProcess.Headers));
        Assert.Equal(StatusCode.InvalidArgument, foreign.StatusCode);
    }

    private static AlertPolicy Absent(string url) => new()
    {
        DisplayName = "Silence",
        Absence = new() { Selector = "silence", Window = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) },
        Webhook = new() { Url = url, Secret = Secret },
    };

    private async Task<AlertPolicy> UpdateAsync(AlertPolicy policy) => (await Client.UpdateAlertPolicyAsync(
        new UpdateAlertPolicyRequest { AlertPolicy = policy }, IngestionProcess.Headers)).AlertPolicy;

    private Task<AlertDelivery> DeliveryAsync(string tenant, Delivered state) => AlertServers.UntilAsync(async () =>
        (await Client.ListAlertDeliveriesAsync(
            new ListAlertDeliveriesRequest { Parent = "tenants/" + tenant, State = state }, IngestionProcess.Headers)).AlertDeliveries.FirstOrDefault());
}
