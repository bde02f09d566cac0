using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Common.Errors;
using Mesh.Ingestion.Tests.Scans;
using Mesh.Ingestion.V1;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Alerts;

[Trait("Needs", "servers")]
public sealed class AlertRoleTests(RoleServers servers) : IClassFixture<RoleServers>
{
    private AlertService.AlertServiceClient Client => new(servers.Channel);

    [Fact]
    public async Task A_viewer_reads_and_follows_the_alerts_of_his_tenant_and_no_others()
    {
        await servers.MakeTenantAsync("viewed");
        await servers.MakeTenantAsync("hidden");
        var person = await servers.PersonAsync("viewed", Role.Viewer);
        var policy = new AlertPolicy { Absence = new() { Selector = "silence", Window = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) } };
        await AlertServers.CreateAsync(Client, "viewed", policy);
        await AlertServers.CreateAsync(Client, "hidden", policy);
        var viewed = await AlertServers.AlertAsync(Client, "viewed", Alert.Types.State.Firing);
        var hidden = await AlertServers.AlertAsync(Client, "hidden", Alert.Types.State.Firing);

        Assert.Equal(viewed.Name, (await Client.GetAlertAsync(new GetAlertRequest { Name = viewed.Name }, person)).Alert.Name);
        using var watch = Client.WatchAlerts(new WatchAlertsRequest { Parent = "tenants/viewed" }, person);
        using var patience = new CancellationTokenSource(Wait.Limit);
        Assert.True(await watch.ResponseStream.MoveNext(patience.Token));
        Assert.Equal(viewed.Name, watch.ResponseStream.Current.Alert.Name);

        await RefusedAsync(StatusCode.PermissionDenied, "PERMISSION_DENIED", () =>
            Client.AcknowledgeAlertAsync(new AcknowledgeAlertRequest { Name = viewed.Name }, person).ResponseAsync);
        await RefusedAsync(StatusCode.NotFound, "TENANT_NOT_FOUND", () => Client.GetAlertAsync(new GetAlertRequest { Name = hidden.Name }, person).ResponseAsync);
        using var other = Client.WatchAlerts(new WatchAlertsRequest { Parent = "tenants/hidden" }, person);
        await RefusedAsync(StatusCode.NotFound, "TENANT_NOT_FOUND", () => other.ResponseStream.MoveNext(patience.Token));
    }

    private static async Task RefusedAsync(StatusCode code, string reason, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal((code, reason), (error.StatusCode, error.Reason()));
    }
}
