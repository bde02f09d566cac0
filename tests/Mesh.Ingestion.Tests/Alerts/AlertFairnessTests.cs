using Google.Protobuf.WellKnownTypes;
using Mesh.Ingestion.Alerts;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;
using AlertService = Mesh.Ingestion.V1.AlertService;

namespace Mesh.Ingestion.Tests.Alerts;

[Trait("Needs", "servers")]
public sealed class AlertFairnessTests(ReplicaServers servers) : IClassFixture<ReplicaServers>
{
    [Fact]
    public async Task A_tenant_whose_evaluations_hang_delays_nobody_elses()
    {
        using var proxy = new HoldingProxy(servers.Engine.Address);
        proxy.Hold("sluggish");
        await using var ingestion = servers.Replica(
            "a", proxy.Address, settings: [("ALERT_MILLISECONDS", "300"), ("ALERT_LEASE_MILLISECONDS", "3600000")]);
        await ingestion.StartAsync();
        using var channel = ingestion.Connect();
        var client = new AlertService.AlertServiceClient(channel);
        for (var i = 0; i < AlertSlots.Normal.All * 2; i++)
            await CreateAsync(client, "sluggish", $"p{i}");
        await Wait.UntilAsync("the share of the tenant hangs", () => proxy.Held >= AlertSlots.Normal.OfTenant);

        var brisk = await CreateAsync(client, "brisk", "p");
        for (var turn = 0; turn < 5; turn++)
        {
            var before = (await GetAsync()).EvaluateTime;
            await Wait.UntilAsync("the other tenant's policy is evaluated", async () => !Equals((await GetAsync()).EvaluateTime, before));
        }

        async Task<V1.AlertPolicy> GetAsync() =>
            (await client.GetAlertPolicyAsync(new GetAlertPolicyRequest { Name = brisk }, IngestionProcess.Headers)).AlertPolicy;
    }

    private static async Task<string> CreateAsync(AlertService.AlertServiceClient client, string tenant, string id)
    {
        var policy = new V1.AlertPolicy { Absence = new() { Selector = "silence", Window = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) } };
        var request = new CreateAlertPolicyRequest { Parent = "tenants/" + tenant, AlertPolicyId = id, AlertPolicy = policy };
        return (await client.CreateAlertPolicyAsync(request, IngestionProcess.Headers)).AlertPolicy.Name;
    }
}
