using Google.Protobuf.WellKnownTypes;
using Mesh.Ingestion.Alerts;
using Mesh.Ingestion.Quotas;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;
using Npgsql;
using AlertService = Mesh.Ingestion.V1.AlertService;

namespace Mesh.Ingestion.Tests.Alerts;

[Trait("Needs", "servers")]
public sealed class AlertFairnessTests(ReplicaServers servers) : IClassFixture<ReplicaServers>
{
    [Fact]
    public async Task Two_tenants_whose_evaluations_hang_delay_nobody_elses()
    {
        using var proxy = new HoldingProxy(servers.Engine.Address);
        proxy.Hold("sluggish");
        await using var ingestion = servers.Replica(
            "a", proxy.Address, settings: [("ALERT_MILLISECONDS", "300"), ("ALERT_LEASE_MILLISECONDS", "3600000")]);
        await ingestion.StartAsync();
        using var channel = ingestion.Connect();
        var client = new AlertService.AlertServiceClient(channel);
        await HangAsync(client, "sluggish-a", 8);
        await HangAsync(client, "sluggish-b", 4);

        var brisk = await CreateAsync(client, "brisk", "p");
        for (var turn = 0; turn < 5; turn++)
        {
            var before = (await GetAsync()).EvaluateTime;
            await Wait.UntilAsync("the other tenant's policy is evaluated", async () => !Equals((await GetAsync()).EvaluateTime, before));
        }

        async Task<V1.AlertPolicy> GetAsync() =>
            (await client.GetAlertPolicyAsync(new GetAlertPolicyRequest { Name = brisk }, IngestionProcess.Headers)).AlertPolicy;
    }

    /// <summary>Makes more policies than there are slots, and waits until as many hang as the tenant gets slots.</summary>
    private async Task HangAsync(AlertService.AlertServiceClient client, string tenant, long share)
    {
        for (var i = 0; i < TenantSlots.Policies.All * 2; i++)
            await CreateAsync(client, tenant, $"p{i}");
        var sql = $"""
            set app.tenant = '*';
            select count(*) from ingestion.alert_policies where tenant = '{tenant}' and next_evaluation_time > now() + interval '30 minutes'
            """;
        await using var source = NpgsqlDataSource.Create(servers.Postgres);
        await using var command = source.CreateCommand(sql);
        await Wait.UntilAsync($"the share of {tenant} hangs", async () => (long)(await command.ExecuteScalarAsync())! >= share);
    }

    private static async Task<string> CreateAsync(AlertService.AlertServiceClient client, string tenant, string id)
    {
        var policy = new V1.AlertPolicy { Absence = new() { Selector = "silence", Window = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) } };
        var request = new CreateAlertPolicyRequest { Parent = "tenants/" + tenant, AlertPolicyId = id, AlertPolicy = policy };
        return (await client.CreateAlertPolicyAsync(request, IngestionProcess.Headers)).AlertPolicy.Name;
    }
}
