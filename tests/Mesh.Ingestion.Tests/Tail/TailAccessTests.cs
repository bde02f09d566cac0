using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Ingestion.Tests.Scans;
using Mesh.Ingestion.V1;

namespace Mesh.Ingestion.Tests.Tail;

[Trait("Needs", "servers")]
public sealed class TailAccessTests(RoleServers servers) : IClassFixture<RoleServers>
{
    [Fact]
    public async Task A_person_follows_his_tenant_and_no_single_replica()
    {
        await servers.MakeTenantAsync("readers");
        var person = await servers.PersonAsync("readers", Role.Owner);
        var client = new QueryService.QueryServiceClient(servers.Channel);
        using var tail = client.Tail(new() { Parent = "tenants/readers" }, person);
        Assert.True(await tail.ResponseStream.MoveNext(default));
        foreach (var tenant in new[] { "readers", "others" })
        {
            using var replica = client.TailReplica(new() { Parent = "tenants/" + tenant }, person);
            var refused = await Assert.ThrowsAsync<RpcException>(() => replica.ResponseStream.MoveNext(default));
            Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
        }
    }
}
