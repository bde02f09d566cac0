using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Common.Errors;
using Mesh.Ingestion.Tests.Scans;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Streams;

[Trait("Needs", "servers")]
public sealed class RevocationTests(RoleServers servers) : IClassFixture<RoleServers>
{
    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    [Fact]
    public async Task A_revoked_token_ends_what_was_opened_with_it_and_what_was_acknowledged_stays()
    {
        await servers.MakeTenantAsync("revoked");
        var person = await servers.PersonAsync("revoked", Role.Developer);
        using var sender = await Sender.OpenAsync(servers.Channel, "revoked", headers: person);
        using var tail = await TailAsync("revoked", person);
        using var watch = new AlertService.AlertServiceClient(servers.Channel).WatchAlerts(new() { Parent = "tenants/revoked" }, person);
        Assert.True(await watch.ResponseStream.MoveNext(default));
        var ack = await sender.SendAsync(new Batch
        {
            Number = 1, Series = { Sender.Series(1, "up") }, Samples = Sender.Samples((1, Now, 1)),
        });
        Assert.Equal(1UL, ack.Number);

        await servers.RevokeAsync("revoked");
        var revoked = (StatusCode.Unauthenticated, "TOKEN_INVALID");
        Assert.Equal(revoked, await EndAsync(sender.ReadAsync));
        Assert.Equal(revoked, await EndAsync(() => tail.ResponseStream.MoveNext(default)));
        Assert.Equal(revoked, await EndAsync(() => watch.ResponseStream.MoveNext(default)));
        await Wait.UntilAsync(
            "the sample is in its table", async () => await servers.Engine.NumberAsync("select count() from samples where tenant = 'revoked'") == 1);
    }

    [Fact]
    public async Task A_writer_whose_role_is_taken_away_is_ended_and_may_still_read()
    {
        await servers.MakeTenantAsync("lowered");
        var person = await servers.PersonAsync("lowered", Role.Developer);
        using var sender = await Sender.OpenAsync(servers.Channel, "lowered", headers: person);
        using var tail = await TailAsync("lowered", person);

        await servers.ChangeRoleAsync("lowered", Role.Viewer);
        Assert.Equal((StatusCode.PermissionDenied, "PERMISSION_DENIED"), await EndAsync(sender.ReadAsync));
        using var other = await Sender.OpenAsync(servers.Channel, "lowered");
        await other.SendAsync(new Batch { Number = 1, Logs = { new LogRecord { Body = "still here", Time = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow()) } } });
        Assert.True(await tail.ResponseStream.MoveNext(default));
        Assert.Equal("still here", Assert.Single(tail.ResponseStream.Current.Records).Body);
    }

    private async Task<AsyncServerStreamingCall<TailResponse>> TailAsync(string tenant, Metadata headers)
    {
        var call = new QueryService.QueryServiceClient(servers.Channel).Tail(new() { Parent = "tenants/" + tenant }, headers);
        Assert.True(await call.ResponseStream.MoveNext(default));
        return call;
    }

    private static async Task<(StatusCode Code, string? Reason)> EndAsync(Func<Task> read)
    {
        var end = await Assert.ThrowsAsync<RpcException>(() => read().WaitAsync(Wait.Limit));
        return (end.StatusCode, end.Reason());
    }
}
