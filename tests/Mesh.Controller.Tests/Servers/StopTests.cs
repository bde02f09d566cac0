using System.Text.Json;
using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Testing;

namespace Mesh.Controller.Tests.Servers;

[Trait("Needs", "servers")]
[Collection(nameof(ControllerCollection))]
public sealed class StopTests(ControllerFixture mesh)
{
    [Fact]
    public async Task A_controller_that_is_stopped_drains_and_ends_without_an_error()
    {
        await using var process = await mesh.StartAsync(drainSeconds: 15);
        var caller = mesh.As(mesh.ServiceToken, process);
        using var watch = caller.Routes.WatchRoutes(new() { RouterId = "tests" });
        Assert.True(await watch.ResponseStream.MoveNext(default));
        await Wait.UntilAsync("it is registered", async () => await RegisteredAsync(process) == 1);

        // The next route or the end, whatever comes first: nothing changes the routes here.
        var next = Task.Run(async () =>
        {
            while (await watch.ResponseStream.MoveNext(default));
        });
        var stopped = process.StopAsync();
        await Wait.UntilAsync("it has left Consul", async () => await RegisteredAsync(process) == 0);
        Assert.False(next.IsCompleted);
        await caller.Tenants.GetTenantAsync(new() { Name = "tenants/acme" });

        var end = await Assert.ThrowsAsync<RpcException>(() => next);
        Assert.Equal((StatusCode.Unavailable, "STOPPING"), (end.StatusCode, end.Reason()));
        Assert.Equal(0, await stopped);
        Assert.DoesNotContain(process.Output.Split('\n'), IsError);
    }

    [Fact]
    public async Task A_controller_that_was_killed_and_comes_back_is_registered_once()
    {
        await using var process = await mesh.StartAsync();
        await Wait.UntilAsync("it is registered", async () => await RegisteredAsync(process) == 1);
        await process.KillAsync();
        await process.StartAgainAsync();
        await Wait.UntilAsync("it is registered again", () => process.Output.Contains("Registered as", StringComparison.Ordinal));
        Assert.Equal(1, await RegisteredAsync(process));
    }

    private static bool IsError(string line) =>
        line.StartsWith('{') && JsonDocument.Parse(line).RootElement.GetProperty("level").GetString() is not ("debug" or "info" or "warn");

    /// <summary>How many registrations Consul has for the process's address.</summary>
    private async Task<int> RegisteredAsync(MeshProcess process)
    {
        using var http = new HttpClient { BaseAddress = mesh.Consul };
        using var services = JsonDocument.Parse(await http.GetStringAsync(new Uri("v1/agent/services", UriKind.Relative)));
        return services.RootElement.EnumerateObject().Count(service => service.Value.GetProperty("Port").GetInt32() == process.Address.Port);
    }
}
