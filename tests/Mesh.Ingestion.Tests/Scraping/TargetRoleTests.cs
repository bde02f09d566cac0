using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Common.Errors;
using Mesh.Ingestion.Tests.Scans;
using Mesh.Ingestion.V1;

namespace Mesh.Ingestion.Tests.Scraping;

[Trait("Needs", "servers")]
public sealed class TargetRoleTests(RoleServers servers) : IClassFixture<RoleServers>
{
    private TargetService.TargetServiceClient Client => new(servers.Channel);

    [Fact]
    public async Task A_viewer_changes_no_target_a_developer_does_and_a_stranger_sees_none()
    {
        await servers.MakeTenantAsync("watched");
        await servers.MakeTenantAsync("worked");
        var (viewer, developer) = (await servers.PersonAsync("watched", Role.Viewer), await servers.PersonAsync("worked", Role.Developer));
        var targets = new TargetClient(servers.Channel);
        var watched = await targets.CreateAsync("watched", "a", "http://127.0.0.1:1/metrics", 3600);
        var worked = await targets.CreateAsync("worked", "a", "http://127.0.0.1:1/metrics", 3600);

        await RefusedAsync(StatusCode.PermissionDenied, "PERMISSION_DENIED", viewer, watched.Name);
        await RefusedAsync(StatusCode.NotFound, "TENANT_NOT_FOUND", viewer, worked.Name);
        await RefusedAsync(StatusCode.NotFound, "TENANT_NOT_FOUND", developer, watched.Name);
        Assert.True((await UpdateAsync(developer, worked.Name)).Target.Paused);
    }

    private AsyncUnaryCall<UpdateTargetResponse> UpdateAsync(Metadata person, string name) =>
        Client.UpdateTargetAsync(new UpdateTargetRequest { Target = new Target { Name = name, Paused = true } }, person);

    private async Task RefusedAsync(StatusCode code, string reason, Metadata person, string name)
    {
        var error = await Assert.ThrowsAsync<RpcException>(() => UpdateAsync(person, name).ResponseAsync);
        Assert.Equal((code, reason), (error.StatusCode, error.Reason()));
    }
}
