using System.Text.Json;
using Grpc.Core;
using Mesh.Controller.V1;
using Mesh.Ingestion.V1;
using Mesh.Testing;

namespace Mesh.EndToEnd;

/// <summary>Any one of our programs is killed: it comes back, Consul has it once, calls succeed again, nothing recorded is lost.</summary>
[Collection(StackCollection.Name), Trait("Needs", "servers")]
public sealed class KillTests(Stack stack)
{
    private const string Metric = "kill_test_round";
    private static readonly string[] s_programs = ["controller", "scheduler", "registry", "ingestion", "builder", "agent", "router"];

    [Fact]
    public async Task Every_program_may_be_killed()
    {
        const string app = "survivor";
        (await stack.MeshAsync("apps", "create", app, "--health-path", "/healthz")).Succeeded();
        (await stack.MeshAsync("deploy", stack.CopySample("hello-node"), "--app", app)).Succeeded();
        var process = await stack.PageAsync(app);

        for (var round = 0; round < s_programs.Length; round++)
        {
            var program = s_programs[round];
            await RecordAsync(round);
            var killed = stack.PidOf(program);
            stack.Kill(program);
            await Wait.UntilAsync($"{program} running again", () => stack.PidOf(program) is not 0 and var now && now != killed);
            await Wait.UntilAsync($"calls after {program} was killed", () => CallsSucceedAsync(app));
            await Wait.UntilAsync($"everything ready after {program} was killed", async () =>
                !(await stack.MeshAsync("local", "status")).Output.Contains("starting", StringComparison.Ordinal));
            await Wait.UntilAsync($"one {program} in Consul, passing", async () => await InConsulAsync(program) is ["passing"]);
            // Neither the agent's end nor any other touches what runs.
            Assert.Equal(process, await stack.PageAsync(app));
        }
        await AssertNothingIsLostAsync();
        (await stack.MeshAsync("config", "set", "AFTER=kill", "--app", app)).Succeeded();
        var releases = (await stack.MeshAsync("releases", "--app", app)).Succeeded();
        Assert.Contains("v2", releases.Output, StringComparison.Ordinal);
    }

    /// <summary>Records an app and a sample: once both are acknowledged, no kill may lose them.</summary>
    private async Task RecordAsync(int round)
    {
        using var client = stack.Connect();
        await client.Apps.CreateAppAsync(new CreateAppRequest { Parent = "tenants/acme", AppId = $"recorded-{round}", App = new App() });
        var samples = new Samples { SeriesRefs = { 1 }, TimeDeltasMillis = { TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() }, Values = { round } };
        var batch = new Batch { Series = { new SeriesDeclaration { Ref = 1, Metric = $"{Metric}_{round}" } }, Samples = samples };
        var response = await client.Telemetry.WriteAsync(new WriteRequest { Parent = "tenants/acme", Batch = batch });
        Assert.Empty(response.Rejections);
    }

    private async Task AssertNothingIsLostAsync()
    {
        using var client = stack.Connect();
        for (var round = 0; round < s_programs.Length; round++)
        {
            var name = $"tenants/acme/apps/recorded-{round}";
            Assert.Equal(name, (await client.Apps.GetAppAsync(new GetAppRequest { Name = name })).App.Name);
            var value = double.NaN;
            await Wait.UntilAsync($"the sample of round {round}", async () =>
            {
                var request = new QueryMetricsRequest { Parent = "tenants/acme", Selector = $"{Metric}_{round}", Function = SeriesFunction.SumOverTime, Window = new() { Seconds = 3600 } };
                using var answer = client.Query.QueryMetrics(request);
                if (!await answer.ResponseStream.MoveNext(CancellationToken.None)) return false;
                value = answer.ResponseStream.Current.Values[^1];
                return true;
            });
            // A sum: a sample that was written twice would show.
            Assert.Equal(round, value);
        }
    }

    /// <summary>The states of all that Consul has under this name.</summary>
    private async Task<string[]> InConsulAsync(string program)
    {
        using var http = new HttpClient { BaseAddress = stack.Endpoint("consul") };
        using var entries = JsonDocument.Parse(await http.GetStringAsync(new Uri($"v1/health/checks/{program}", UriKind.Relative)));
        return [.. entries.RootElement.EnumerateArray().Select(e => e.GetProperty("Status").GetString()!)];
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
            using var series = client.Query.ListSeries(new ListSeriesRequest { Parent = "tenants/acme", Limit = 1 });
            await series.ResponseStream.MoveNext(CancellationToken.None);
            using var response = await stack.AskAsync(app);
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is RpcException or HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }
}
