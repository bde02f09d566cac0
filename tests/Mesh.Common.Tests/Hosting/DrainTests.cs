using Grpc.Core;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Controller.V1;
using Mesh.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Status = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Mesh.Common.Tests.Hosting;

public sealed class DrainTests
{
    [Fact]
    public async Task A_stream_lives_through_the_drain_and_ends_as_unavailable()
    {
        await using var server = await TestServer.StartAsync(
            "test",
            map: app =>
            {
                app.MapGrpcService<TestTicks>();
                app.MapGrpcService<TestApps>();
            },
            settings: "--MESH_DRAIN_SECONDS=10");
        var token = Calls.As(ServiceToken.Create(TestServer.ClusterKeyBytes, "tests"));
        var health = new Grpc.Health.V1.Health.HealthClient(server.Channel);
        using var watch = new EventService.EventServiceClient(server.Channel).WatchEvents(new() { Parent = "tenants/acme" }, token);
        Assert.True(await watch.ResponseStream.MoveNext(default));

        // As SIGTERM does it.
        server.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        var stopping = server.StopAsync();
        await Wait.UntilAsync("it drains", async () => (await health.CheckAsync(new())).Status == Status.NotServing);
        var app = await new AppService.AppServiceClient(server.Channel).GetAppAsync(new() { Name = "tenants/acme/apps/shop" }, token);
        Assert.Equal("tenants/acme/apps/shop", app.App.Name);
        Assert.True(await watch.ResponseStream.MoveNext(default));

        var end = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await watch.ResponseStream.MoveNext(default));
        });
        Assert.Equal((StatusCode.Unavailable, "STOPPING"), (end.StatusCode, end.Reason()));
        await stopping;
    }

    /// <summary>A stream without an end that says something all the time, and tells who asked.</summary>
    private sealed class TestTicks : EventService.EventServiceBase
    {
        public override async Task WatchEvents(
            WatchEventsRequest request, IServerStreamWriter<WatchEventsResponse> responseStream, ServerCallContext context)
        {
            while (true)
            {
                await responseStream.WriteAsync(new() { Subject = context.Principal().Subject + context.GetHttpContext().Request.Method });
                await Task.Delay(20, context.CancellationToken);
            }
        }
    }
}
