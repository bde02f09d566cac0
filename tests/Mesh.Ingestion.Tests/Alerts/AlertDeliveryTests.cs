using Mesh.Common.Hosting;
using Mesh.Common.Secrets;
using Mesh.Ingestion.Alerts;
using Mesh.Ingestion.Outgoing;
using Mesh.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using State = Mesh.Ingestion.V1.Alert.Types.State;

namespace Mesh.Ingestion.Tests.Alerts;

[Trait("Needs", "servers")]
public sealed class AlertDeliveryTests(AlertTables tables) : IClassFixture<AlertTables>, IDisposable
{
    private const string Secret = "correct horse battery staple";

    private static readonly WebhookOptions s_options = new() { TimeoutMilliseconds = 3_600_000 };

    private readonly SecretBox _box = new("ingestion.webhooks", new byte[32]);

    public void Dispose() => _box.Dispose();

    [Fact]
    public async Task Endpoints_that_never_answer_delay_no_other_tenants_webhooks()
    {
        using var silent = new WebhookEndpoint(_ => null);
        using var brisk = new WebhookEndpoint(_ => 204);
        var time = TimeProvider.System;
        using var sender = new WebhookSender(
            new TenantConnections(new MeshOptions { Service = "ingestion", ClusterKey = new byte[32] }), new WebhookSecrets(_box), s_options, time);
        using var loop = new AlertDeliveryLoop(
            new AlertDeliveryStore(tables.Database, s_options), sender, time, NullLogger<AlertDeliveryLoop>.Instance);
        await loop.StartAsync(CancellationToken.None);
        await AddAsync("silent-a", silent.Url, 40);
        await Wait.UntilAsync("the first tenant has half of the slots", () => silent.Calls.Count >= 16);
        await AddAsync("silent-b", silent.Url, 40);
        await Wait.UntilAsync("the second has half of the rest", () => silent.Calls.Count >= 24);

        await AddAsync("brisk", brisk.Url, 40);
        await Wait.UntilAsync("all of the third are told", async () =>
            await tables.NumberAsync("select count(*) from alert_deliveries where tenant = 'brisk' and state = 2") == 40);
        Assert.Equal(40, brisk.Calls.Select(call => call.Delivery).Distinct().Count());
        Assert.Equal(24, silent.Calls.Count);
        await loop.StopAsync(CancellationToken.None);
    }

    private async Task AddAsync(string tenant, string url, int count)
    {
        var spec = new V1.AlertPolicy { Webhook = new() { Url = url, Secret = Secret } };
        var sealedSecret = new WebhookSecrets(_box).Take(tenant, spec, null)!;
        await using var transaction = await tables.Database.BeginAsync(tenant, CancellationToken.None);
        for (var i = 0; i < count; i++)
        {
            var delivery = new AlertDelivery
            {
                Tenant = tenant, Uid = Guid.CreateVersion7(), Alert = Guid.CreateVersion7(), Policy = "p", AlertState = State.Firing,
                Url = url, Secret = sealedSecret, Body = "{}", CreateTime = TimeProvider.System.GetUtcNow(),
            };
            await AlertDeliveryStore.AddAsync(transaction, delivery, CancellationToken.None);
        }

        await transaction.CommitAsync(CancellationToken.None);
    }
}
