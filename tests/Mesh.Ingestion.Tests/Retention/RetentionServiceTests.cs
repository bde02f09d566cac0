using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;

namespace Mesh.Ingestion.Tests.Retention;

[Trait("Needs", "servers")]
public sealed class RetentionServiceTests(LimitedServers servers) : IClassFixture<LimitedServers>, IDisposable
{
    private const long Day = 86_400_000;
    private readonly GrpcChannel _channel = servers.Ingestion.Connect();

    private RetentionService.RetentionServiceClient Client => new(_channel);

    public void Dispose() => _channel.Dispose();

    [Fact]
    public async Task A_tenant_states_for_how_long_it_keeps_its_rows_and_others_keep_to_the_default()
    {
        await UpdateAsync("longer", 30);
        await UpdateAsync("shorter", 2);
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var tenant in new[] { "longer", "shorter", "default" })
        {
            using var sender = await Sender.OpenAsync(servers.Ingestion, tenant);
            var samples = Sender.Samples((1, now - 7 * Day, 1), (1, now - 5 * Day, 2), (1, now, 4));
            Assert.Empty((await sender.SendAsync(new Batch { Number = 1, Series = { Sender.Series(1, "up") }, Samples = samples })).Rejections);
        }

        await servers.WaitForAsync("select count() from samples where tenant = 'longer'", 3);
        await servers.WaitForAsync("select toInt64(sum(value)) from samples where tenant = 'shorter'", 4);
        await servers.WaitForAsync("select toInt64(sum(value)) from samples where tenant = 'default'", 6);
        Assert.Equal(3, await servers.Engine.NumberAsync("select count() from samples where tenant = 'longer'"));
        await UpdateAsync("longer", 0);
        await servers.WaitForAsync("select count() from samples where tenant = 'longer'", 2);
    }

    [Fact]
    public async Task Policies_are_listed_with_their_defaults_and_limits_and_change_only_as_they_may()
    {
        var list = await Client.ListRetentionPoliciesAsync(new ListRetentionPoliciesRequest { Parent = "tenants/listed" }, IngestionProcess.Headers);
        Assert.Equal(["events", "logs", "rollups", "samples", "spans"], list.RetentionPolicies.Select(policy => policy.Name.Split('/')[^1]));
        var samples = list.RetentionPolicies[3];
        Assert.Equal((RetentionSignal.Samples, 0, 6, 30, null), (samples.Signal, samples.Days, samples.DefaultDays, samples.MaxDays, samples.UpdateTime));

        var changed = await UpdateAsync("listed", 9, samples.Etag);
        Assert.Equal((9, 6), (changed.Days, changed.DefaultDays));
        var got = await Client.GetRetentionPolicyAsync(new GetRetentionPolicyRequest { Name = changed.Name }, IngestionProcess.Headers);
        Assert.Equal(changed, got.RetentionPolicy);
        await FailsAsync(StatusCode.Aborted, () => UpdateAsync("listed", 8, samples.Etag));
        await FailsAsync(StatusCode.InvalidArgument, () => UpdateAsync("listed", 31));
        await FailsAsync(StatusCode.InvalidArgument, () => UpdateAsync("listed", -1));
        await FailsAsync(StatusCode.NotFound, async () => await Client.GetRetentionPolicyAsync(
            new GetRetentionPolicyRequest { Name = "tenants/listed/retentionPolicies/series" }, IngestionProcess.Headers));
        var other = await Client.GetRetentionPolicyAsync(
            new GetRetentionPolicyRequest { Name = "tenants/other/retentionPolicies/samples" }, IngestionProcess.Headers);
        Assert.Equal(0, other.RetentionPolicy.Days);
    }

    private static async Task FailsAsync(StatusCode code, Func<Task> call) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<RpcException>(call)).StatusCode);

    private async Task<RetentionPolicy> UpdateAsync(string tenant, int days, string etag = "") => (await Client.UpdateRetentionPolicyAsync(
        new UpdateRetentionPolicyRequest
        {
            RetentionPolicy = new() { Name = $"tenants/{tenant}/retentionPolicies/samples", Days = days, Etag = etag },
            UpdateMask = FieldMask.FromString("days"),
        }, IngestionProcess.Headers)).RetentionPolicy;
}
