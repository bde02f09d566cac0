using Grpc.Core;
using Mesh.Common.Auth;
using Mesh.Common.Discovery;
using Mesh.Common.Errors;
using Mesh.Common.Tests.Hosting;
using Mesh.Controller.V1;
using Mesh.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using static Mesh.Common.Tests.Hosting.Calls;

namespace Mesh.Common.Tests.Discovery;

[Trait("Needs", "servers")]
public sealed class DiscoveryTests : IAsyncLifetime
{
    private ConsulAgent _agent = null!;

    public async Task InitializeAsync() => _agent = await ConsulAgent.StartAsync();

    public async Task DisposeAsync() => await _agent.DisposeAsync();

    [Fact]
    public async Task Calls_go_to_all_healthy_instances_and_to_those_alone()
    {
        await using var caller = await CallerAsync();
        var apps = caller.Services.GetRequiredService<AppService.AppServiceClient>();
        var none = await FailsAsync(GetAsync(apps));
        Assert.Equal(StatusCode.Unavailable, none.StatusCode);

        await using var first = await ServerAsync();
        await Wait.UntilAsync("the first answers", () => AnswersAsync(apps));
        await using var second = await ServerAsync();
        await Wait.UntilAsync("both are called", async () =>
        {
            var peers = new HashSet<string>();
            for (var i = 0; i < 4; i++) peers.Add((await GetAsync(apps)).App.Labels["peer"]);
            return peers.Count == 2;
        });
        await first.DisposeAsync();
        for (var i = 0; i < 50; i++) Assert.Equal($":{second.Address.Port}", (await GetAsync(apps)).App.Labels["peer"]);
    }

    [Fact]
    public async Task While_consul_is_away_the_last_answer_stays()
    {
        await using var server = await ServerAsync();
        await using var caller = await CallerAsync();
        var apps = caller.Services.GetRequiredService<AppService.AppServiceClient>();
        await Wait.UntilAsync("the server answers", () => AnswersAsync(apps));
        await _agent.KillAsync();
        for (var i = 0; i < 20; i++)
        {
            await GetAsync(apps);
            await Task.Delay(50);
        }
        await _agent.StartAgainAsync();
        // The agent began with nothing: the server registers anew and calls never stopped.
        using var consul = new Mesh.Common.Consul.ConsulClient(_agent.Address, TimeProvider.System);
        await Wait.UntilAsync("the server is registered again", async () =>
        {
            await GetAsync(apps);
            return (await consul.HealthyAsync("apps", default)).Count == 1;
        });
        await GetAsync(apps);
    }

    [Fact]
    public async Task The_request_its_trace_its_deadline_and_our_token_go_along()
    {
        await using var server = await ServerAsync();
        await using var caller = await CallerAsync();
        await Wait.UntilAsync("the server answers", () => AnswersAsync(caller.Services.GetRequiredService<AppService.AppServiceClient>()));
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(30);
        var headers = As("mesh_viewer");
        headers.Add("x-request-id", "request-7");
        headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        var response = await new AppService.AppServiceClient(caller.Channel).GetAppAsync(
            new() { Name = "tenants/acme/apps/shop" }, headers, deadline);
        Assert.Equal("services/caller", response.App.DisplayName);
        Assert.Equal("request-7", response.App.Uid);
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", response.App.Url);
        var passed = DateTime.Parse(response.App.Labels["deadline"], null, System.Globalization.DateTimeStyles.RoundtripKind);
        // On its way it is a time that is left, so each hop makes it a little later. Without one the call would have 15 seconds.
        Assert.InRange(passed, deadline.AddSeconds(-5), deadline.AddSeconds(60));
    }

    [Fact]
    public async Task A_token_is_resolved_by_the_controller_and_stops_after_its_revocation()
    {
        var tokens = new TestTokenService();
        await using var controller = await TestServer.StartAsync(
            "controller", b => b.Services.AddSingleton(tokens), app => app.MapGrpcService<TestTokenService>(), Consul);
        await using var server = await TestServer.StartAsync(
            "apps",
            b => b.Services.AddSingleton<ITokenResolver>(p => new ControllerTokenResolver(p.GetRequiredService<MeshChannels>())),
            app => app.MapGrpcService<TestApps>(), Consul);
        var apps = new AppService.AppServiceClient(server.Channel);
        await Wait.UntilAsync("the token is known", () => AnswersAsync(apps, "mesh_remote"));
        Assert.Equal("TENANT_NOT_FOUND", (await FailsAsync(apps.GetAppAsync(new() { Name = "tenants/other/apps/a" }, As("mesh_remote")))).Reason());
        tokens.Revoked = true;
        await Wait.UntilAsync("the token stops working", async () => !await AnswersAsync(apps, "mesh_remote"));
        tokens.Revoked = false;
        await controller.DisposeAsync();
        await Wait.UntilAsync("nobody is let in on an old answer", async () =>
            (await FailsAsync(apps.GetAppAsync(new() { Name = "tenants/acme/apps/a" }, As("mesh_remote")))).StatusCode is StatusCode.Unavailable);
    }

    [Fact]
    public void Only_calls_that_may_be_repeated_are_retried()
    {
        var names = IdempotentMethods.All.Select(m => $"{m.Service}/{m.Method}").ToHashSet();
        Assert.Contains("mesh.controller.v1.AppService/GetApp", names);
        Assert.Contains("mesh.controller.v1.AppService/CreateApp", names);
        Assert.DoesNotContain("mesh.controller.v1.TokenService/CreateToken", names);
        Assert.DoesNotContain("mesh.ingestion.v1.TelemetryService/Stream", names);
    }

    private string Consul => $"--MESH_CONSUL={_agent.Address}";

    private Task<TestServer> ServerAsync() => TestServer.StartAsync("apps", map: app => app.MapGrpcService<PeerApps>(), settings: [Consul, "--MESH_DRAIN_SECONDS=2"]);

    private Task<TestServer> CallerAsync() => TestServer.StartAsync(
        "caller", b => b.Services.AddMeshClient<AppService.AppServiceClient>("apps"), app => app.MapGrpcService<ForwardingApps>(), Consul);

    private static AsyncUnaryCall<GetAppResponse> GetAsync(AppService.AppServiceClient apps, string? token = null) =>
        apps.GetAppAsync(new() { Name = "tenants/acme/apps/shop" }, token is null ? null : As(token));

    private static async Task<bool> AnswersAsync(AppService.AppServiceClient apps, string? token = null)
    {
        try
        {
            await GetAsync(apps, token);
            return true;
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.Unauthenticated)
        {
            return false;
        }
    }
}
