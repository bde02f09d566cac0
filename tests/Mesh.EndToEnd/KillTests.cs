using Grpc.Core;
using Mesh.Controller.V1;
using Mesh.Testing;

namespace Mesh.EndToEnd;

/// <summary>Any one of our programs is killed: it comes back, calls succeed again, nothing recorded is lost.</summary>
[Collection(StackCollection.Name), Trait("Needs", "servers")]
public sealed class KillTests(Stack stack)
{
    [Fact]
    public async Task Every_program_may_be_killed()
    {
        const string app = "survivor";
        (await stack.MeshAsync("apps", "create", app, "--health-path", "/healthz")).Succeeded();
        (await stack.MeshAsync("deploy", stack.CopySample("hello-node"), "--app", app)).Succeeded();
        var process = await stack.PageAsync(app);

        foreach (var program in new[] { "controller", "scheduler", "registry", "ingestion", "builder", "agent", "router" })
        {
            var killed = stack.PidOf(program);
            stack.Kill(program);
            await Wait.UntilAsync($"{program} running again", () => stack.PidOf(program) is not 0 and var now && now != killed);
            await Wait.UntilAsync($"calls after {program} was killed", () => CallsSucceedAsync(app));
            await Wait.UntilAsync($"everything ready after {program} was killed", async () =>
                !(await stack.MeshAsync("local", "status")).Output.Contains("starting", StringComparison.Ordinal));
            // Neither the agent's end nor any other touches what runs.
            Assert.Equal(process, await stack.PageAsync(app));
        }
        (await stack.MeshAsync("config", "set", "AFTER=kill", "--app", app)).Succeeded();
        var releases = (await stack.MeshAsync("releases", "--app", app)).Succeeded();
        Assert.Contains("v2", releases.Output, StringComparison.Ordinal);
    }

    private async Task<bool> CallsSucceedAsync(string app)
    {
        try
        {
            using var client = stack.Connect();
            await client.Apps.GetAppAsync(new GetAppRequest { Name = $"tenants/acme/apps/{app}" });
            await client.Builds.ListBuildsAsync(new Builder.V1.ListBuildsRequest { Parent = $"tenants/acme/apps/{app}" });
            await client.Images.ListRepositoriesAsync(new Registry.V1.ListRepositoriesRequest { Parent = "tenants/acme" });
            await client.Nodes.ListNodesAsync(new Scheduler.V1.ListNodesRequest());
            using var series = client.Query.ListSeries(new Ingestion.V1.ListSeriesRequest { Parent = "tenants/acme", Limit = 1 });
            await series.ResponseStream.MoveNext(CancellationToken.None);
            using var response = await stack.AskAsync(app);
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is RpcException or HttpRequestException)
        {
            return false;
        }
    }
}
