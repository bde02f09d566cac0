using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Grpc.Core;
using Mesh.Client;
using Mesh.Controller.V1;
using Mesh.Servers;
using Mesh.Testing;
using Process = System.Diagnostics.Process;

namespace Mesh.Benchmarks.Recovery;

/// <summary>How long after `kill -9` of each program the first call that needs it succeeds again, on a whole local stack.</summary>
internal static class RecoveryBenchmark
{
    private const int Kills = 3;
    private const double LimitSeconds = 10;

    public static async Task<int> RunAsync()
    {
        using var folder = new TestFolder();
        var stack = new LocalStack(folder.Path);
        await stack.MeshAsync("local", "up", "--detach");
        try
        {
            await stack.MeshAsync("tenants", "create", "bench");
            await stack.MeshAsync("apps", "create", "app");
            await stack.MeshAsync("deploy", Path.Combine(Repository.Root, "samples", "hello-node"), "--app", "app");
            var results = new List<Result>();
            foreach (var program in new[] { "controller", "scheduler", "registry", "ingestion", "builder", "agent", "router" })
            {
                var worst = 0.0;
                for (var kill = 0; kill < Kills; kill++) worst = Math.Max(worst, await stack.RecoverAsync(program));
                results.Add(Result.LessIsBetter($"calls again after kill -9 of {program}, the worst of {Kills}", "s", worst, LimitSeconds, "under 10 s"));
            }
            Report.Write("recovery",
                $"Seconds from `kill -9` of a program of a local stack until calls that need it succeed again: for `router` and `agent` a page of an app, "
                + $"for the others a gRPC call through the router. The "
                + $"\"peer\" is the promised limit of {LimitSeconds:0} s.",
                results);
        }
        finally
        {
            await stack.MeshAsync("local", "down");
        }
        return 0;
    }

    private sealed class LocalStack(string folder)
    {
        private readonly string _home = Path.Combine(folder, "home");

        public async Task MeshAsync(params string[] arguments)
        {
            var start = new ProcessStartInfo(Repository.Program("Mesh.Cli", "mesh"), arguments) { RedirectStandardOutput = true };
            foreach (var (name, value) in new[] { ("MESH_HOME", _home), ("MESH_TENANT", "bench"), ("MESH_ADDRESS", ""), ("MESH_TOKEN", ""), ("XDG_CONFIG_HOME", folder) })
                start.Environment[name] = value;
            using var process = Process.Start(start)!;
            process.OutputDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            // The supervisor that `up` leaves behind holds the pipe open: the end of the process is what counts.
            while (!process.HasExited) await Task.Delay(20);
            if (process.ExitCode != 0) throw new InvalidOperationException($"mesh {string.Join(' ', arguments)} ended with {process.ExitCode}.");
        }

        public async Task<double> RecoverAsync(string program)
        {
            await Wait.UntilAsync($"{program} before the kill", () => AnswersAsync(program));
            var killed = PidOf(program);
            LinuxProcess.Signal(killed, LinuxProcess.Kill);
            var since = Stopwatch.GetTimestamp();
            await Wait.UntilAsync($"{program} after the kill", async () => PidOf(program) is not 0 and var now && now != killed && await AnswersAsync(program));
            return Stopwatch.GetElapsedTime(since).TotalSeconds;
        }

        private int PidOf(string program)
        {
            try
            {
                using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(_home, "pids", program + ".json")));
                return record.RootElement.GetProperty("pid").GetInt32();
            }
            catch (FileNotFoundException)
            {
                return 0;
            }
        }

        private async Task<bool> AnswersAsync(string program)
        {
            var endpoints = JsonSerializer.Deserialize<Dictionary<string, string>>(await File.ReadAllTextAsync(Path.Combine(_home, "endpoints.json")))!;
            try
            {
                if (program is "router" or "agent")
                {
                    using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
                    using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(endpoints["router"]));
                    request.Headers.Host = "app.bench.localhost";
                    using var response = await http.SendAsync(request);
                    return response.IsSuccessStatusCode;
                }
                using var client = new MeshClient(new MeshClientOptions { Address = new Uri(endpoints["api"]), Token = (await File.ReadAllTextAsync(Path.Combine(_home, "token"))).Trim() });
                await CallAsync(client, program, new CallOptions(deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(2)));
                return true;
            }
            catch (Exception e) when (e is RpcException or HttpRequestException or OperationCanceledException)
            {
                return false;
            }
        }

        private static async Task CallAsync(MeshClient client, string program, CallOptions options)
        {
            switch (program)
            {
                case "controller":
                    await client.Apps.GetAppAsync(new GetAppRequest { Name = "tenants/bench/apps/app" }, options);
                    break;
                case "scheduler":
                    await client.Nodes.ListNodesAsync(new Scheduler.V1.ListNodesRequest(), options);
                    break;
                case "registry":
                    await client.Images.ListRepositoriesAsync(new Registry.V1.ListRepositoriesRequest { Parent = "tenants/bench" }, options);
                    break;
                case "builder":
                    await client.Builds.ListBuildsAsync(new Builder.V1.ListBuildsRequest { Parent = "tenants/bench/apps/app" }, options);
                    break;
                default:
                    using (var series = client.Query.ListSeries(new Ingestion.V1.ListSeriesRequest { Parent = "tenants/bench", Limit = 1 }, options))
                        await series.ResponseStream.MoveNext(CancellationToken.None);
                    break;
            }
        }
    }
}
