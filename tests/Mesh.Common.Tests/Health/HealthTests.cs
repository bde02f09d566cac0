using Grpc.Core;
using Grpc.Health.V1;
using Mesh.Common.Health;
using Mesh.Common.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Status = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Mesh.Common.Tests.Health;

public sealed class HealthTests
{
    [Fact]
    public async Task A_server_is_ready_once_every_condition_holds()
    {
        HealthCondition? condition = null;
        await using var server = await TestServer.StartAsync("test", map: app =>
            condition = app.Services.GetRequiredService<ServerHealth>().Require("cache"));
        var client = new Grpc.Health.V1.Health.HealthClient(server.Channel);
        using var http = server.Http();

        using var watch = client.Watch(new());
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal(Status.NotServing, watch.ResponseStream.Current.Status);
        Assert.Equal(Status.NotServing, (await client.CheckAsync(new() { Service = "test" })).Status);
        Assert.Equal("ok\n", await http.GetStringAsync("/healthz/live"));
        using var notYet = await http.GetAsync("/healthz/ready");
        Assert.Equal((503, "cache: not yet\n"), ((int)notYet.StatusCode, await notYet.Content.ReadAsStringAsync()));
        Assert.Equal(503, (int)(await http.GetAsync("/healthz/startup")).StatusCode);

        condition!.Meet();
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal(Status.Serving, watch.ResponseStream.Current.Status);
        Assert.Equal(200, (int)(await http.GetAsync("/healthz/ready")).StatusCode);

        condition.Fail("gone");
        Assert.Equal(503, (int)(await http.GetAsync("/healthz/ready")).StatusCode);
        Assert.Equal(200, (int)(await http.GetAsync("/healthz/startup")).StatusCode);
        condition.Meet();
        Assert.Equal(200, (int)(await http.GetAsync("/healthz/ready")).StatusCode);

        // Draining ends the watch: its last word is NOT_SERVING.
        server.Services.GetRequiredService<ServerHealth>().Drain();
        var last = watch.ResponseStream.Current.Status;
        while (await watch.ResponseStream.MoveNext(default)) last = watch.ResponseStream.Current.Status;
        Assert.Equal(Status.NotServing, last);
        Assert.Equal(Status.NotServing, (await client.CheckAsync(new())).Status);
    }

    [Fact]
    public async Task Services_are_known_by_name()
    {
        await using var server = await TestServer.StartAsync("test");
        var client = new Grpc.Health.V1.Health.HealthClient(server.Channel);
        Assert.Equal(Status.Serving, (await client.CheckAsync(new() { Service = "grpc.health.v1.Health" })).Status);
        Assert.Equal(StatusCode.NotFound, (await Calls.FailsAsync(client.CheckAsync(new() { Service = "nobody" }))).StatusCode);
        Assert.Equal(["", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"],
            (await client.ListAsync(new())).Statuses.Keys.Order(StringComparer.Ordinal));
        using var watch = client.Watch(new() { Service = "nobody" });
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal(Status.ServiceUnknown, watch.ResponseStream.Current.Status);
    }
}
