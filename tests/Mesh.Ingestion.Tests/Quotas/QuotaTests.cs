using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Common.Errors;
using Mesh.Ingestion.Tests.Retention;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;

namespace Mesh.Ingestion.Tests.Quotas;

[Trait("Needs", "servers")]
public sealed class QuotaTests(LimitedServers servers) : IClassFixture<LimitedServers>, IDisposable
{
    private const int Attempts = 24;
    private readonly GrpcChannel _channel = servers.Ingestion.Connect();

    private TargetService.TargetServiceClient Targets => new(_channel);

    private AlertService.AlertServiceClient Alerts => new(_channel);

    public void Dispose() => _channel.Dispose();

    [Fact]
    public async Task A_tenant_has_no_more_targets_than_it_may_however_many_are_created_at_once()
    {
        var made = await CreateAllAsync("TOO_MANY_TARGETS", id => TargetAsync("full", id));
        Assert.Equal(LimitedServers.Targets, made.Count);
        var list = await Targets.ListTargetsAsync(new ListTargetsRequest { Parent = "tenants/full" }, IngestionProcess.Headers);
        Assert.Equal(made.Order(), list.Targets.Select(target => target.Name).Order());

        // A neighbour has its own, one that is gone makes room, and a request that was answered is answered again.
        await TargetAsync("calm", "t");
        await Targets.DeleteTargetAsync(new DeleteTargetRequest { Name = made[0] }, IngestionProcess.Headers);
        var request = Guid.NewGuid().ToString();
        var again = await TargetAsync("full", "again", request);
        Assert.Equal(again, await TargetAsync("full", "again", request));
        await RefusedAsync("TOO_MANY_TARGETS", () => TargetAsync("full", "more"));
        Assert.Equal(
            StatusCode.AlreadyExists, (await Assert.ThrowsAsync<RpcException>(() => TargetAsync("full", "again"))).StatusCode);
    }

    [Fact]
    public async Task A_tenant_has_no_more_policies_than_it_may_however_many_are_created_at_once()
    {
        var made = await CreateAllAsync("TOO_MANY_ALERT_POLICIES", id => PolicyAsync("full", id));
        Assert.Equal(LimitedServers.AlertPolicies, made.Count);
        var list = await Alerts.ListAlertPoliciesAsync(new ListAlertPoliciesRequest { Parent = "tenants/full" }, IngestionProcess.Headers);
        Assert.Equal(made.Order(), list.AlertPolicies.Select(policy => policy.Name).Order());

        await PolicyAsync("calm", "p");
        var clone = new CloneAlertPolicyRequest { Parent = "tenants/full", Name = made[0], AlertPolicyId = "clone" };
        await RefusedAsync("TOO_MANY_ALERT_POLICIES", async () => await Alerts.CloneAlertPolicyAsync(clone, IngestionProcess.Headers));
        await Alerts.DeleteAlertPolicyAsync(new DeleteAlertPolicyRequest { Name = made[1] }, IngestionProcess.Headers);
        await Alerts.CloneAlertPolicyAsync(clone, IngestionProcess.Headers);
        await RefusedAsync("TOO_MANY_ALERT_POLICIES", () => PolicyAsync("full", "more"));
    }

    private static async Task<List<string>> CreateAllAsync(string reason, Func<string, Task<string>> create)
    {
        var made = await Task.WhenAll(Enumerable.Range(0, Attempts).Select(async number =>
        {
            try
            {
                return await create($"n{number}");
            }
            catch (RpcException refused) when (refused.StatusCode == StatusCode.ResourceExhausted)
            {
                Assert.Equal(reason, refused.Reason());
                return "";
            }
        }));
        return [.. made.Where(name => name.Length > 0)];
    }

    private static async Task RefusedAsync(string reason, Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal((StatusCode.ResourceExhausted, reason), (refused.StatusCode, refused.Reason()));
        Assert.NotNull(refused.Details()!.Detail<QuotaFailure>());
        Assert.Null(refused.Details()!.Detail<RetryInfo>());
    }

    private async Task<string> TargetAsync(string tenant, string id, string requestId = "")
    {
        var target = new Target { Kind = Target.Types.Kind.Prometheus, Address = "http://127.0.0.1:9/metrics", Paused = true };
        var request = new CreateTargetRequest { Parent = "tenants/" + tenant, TargetId = id, Target = target, RequestId = requestId };
        return (await Targets.CreateTargetAsync(request, IngestionProcess.Headers)).Target.Name;
    }

    private async Task<string> PolicyAsync(string tenant, string id)
    {
        var policy = new AlertPolicy { Paused = true, Threshold = new() { Selector = "up", Comparison = AlertPolicy.Types.Comparison.Above, Value = 1 } };
        var request = new CreateAlertPolicyRequest { Parent = "tenants/" + tenant, AlertPolicyId = id, AlertPolicy = policy };
        return (await Alerts.CreateAlertPolicyAsync(request, IngestionProcess.Headers)).AlertPolicy.Name;
    }
}
