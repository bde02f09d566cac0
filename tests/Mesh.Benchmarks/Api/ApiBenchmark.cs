using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Client;
using Mesh.Controller.V1;
using Mesh.Servers;
using Mesh.Testing;

namespace Mesh.Benchmarks.Api;

/// <summary>Authenticated GetApp on the real controller, beside a bare echo on the same server stack; 64 calls in flight from this process.</summary>
internal static class ApiBenchmark
{
    private const int InFlight = 64, WarmUps = 2, Rounds = 5;
    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(4);

    public static async Task<int> RunAsync()
    {
        const string token = "mesh_0123456789012345678901234567890123456789012";
        await using var consul = await ConsulAgent.StartAsync();
        var postgres = await PostgresServer.GetAsync();
        await using var controller = await MeshProcess.StartAsync("Mesh.Controller", new Dictionary<string, string>
        {
            ["MESH_CONSUL"] = consul.Address.ToString(),
            ["MESH_POSTGRES"] = await postgres.CreateDatabaseAsync(),
            ["MESH_CLUSTER_KEY"] = Convert.ToBase64String(new byte[32]),
            ["MESH_BOOTSTRAP_TOKEN"] = token,
            ["MESH_LOG_LEVEL"] = "Warning",
        });
        var port = FreePorts.Next();
        await using var peer = ChildProcess.Start(new ServerCommand(Environment.ProcessPath!, PeerArguments(port)));
        var peerAddress = new Uri($"http://127.0.0.1:{port}");

        using var client = new MeshClient(new MeshClientOptions { Address = controller.Address, Token = token });
        await MakeAppAsync(client);
        var (ours, theirs) = (new List<Round>(), new List<Round>());
        // The runtime compiles hot code twice more while it runs: what is measured comes after that.
        for (var round = 0; round < WarmUps; round++)
        {
            await MeasureAsync(controller.Address, controller.Id, token);
            await MeasureAsync(peerAddress, peer.Id, token);
        }
        for (var round = 0; round < Rounds; round++)
        {
            ours.Add(await MeasureAsync(controller.Address, controller.Id, token));
            theirs.Add(await MeasureAsync(peerAddress, peer.Id, token));
        }
        Report.Write("api",
            $"Authenticated `GetApp` on the controller (token checked, role checked, app read through the cache) beside a bare echo of the same answer on the same "
            + $"server stack without any of our code; {InFlight} calls in flight from another process, {Rounds} rounds of {s_round.TotalSeconds} s in turn, medians. "
            + "The load generator shares the machine's cores with the server.",
            [
                Result.MoreIsBetter("GetApp", "calls/s", Median(ours, r => r.Rate), Median(theirs, r => r.Rate), "over 10,000 calls/s and at least 0.5 of the echo"),
                Result.LessIsBetter("latency p50", "ms", Median(ours, r => r.P50), Median(theirs, r => r.P50), ""),
                Result.LessIsBetter("latency p99", "ms", Median(ours, r => r.P99), Median(theirs, r => r.P99), ""),
                Result.LessIsBetter("server CPU per 1,000 calls", "s", Median(ours, r => r.CpuPerThousand), Median(theirs, r => r.CpuPerThousand), ""),
                Result.LessIsBetter("server peak memory", "MiB", ProcessCost.PeakMebibytes(controller.Id), ProcessCost.PeakMebibytes(peer.Id), ""),
            ]);
        return 0;
    }

    private static string[] PeerArguments(int port)
    {
        var own = new[] { "api-peer", port.ToString(CultureInfo.InvariantCulture) };
        // Run by `dotnet Mesh.Benchmarks.dll`, this process is dotnet.
        return Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(ApiBenchmark).Assembly.Location, .. own] : own;
    }

    private static async Task MakeAppAsync(MeshClient client)
    {
        await Wait.UntilAsync("the operator's token", async () =>
        {
            try
            {
                await client.Tenants.CreateTenantAsync(new CreateTenantRequest { TenantId = "bench", Tenant = new Tenant() });
                return true;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unauthenticated)
            {
                return false;
            }
        });
        await client.Apps.CreateAppAsync(new CreateAppRequest { Parent = "tenants/bench", AppId = "app", App = new App() });
    }

    private static async Task<Round> MeasureAsync(Uri address, int pid, string token)
    {
        using var channel = GrpcChannel.ForAddress(address);
        var apps = new AppService.AppServiceClient(channel);
        var headers = new Metadata { { "authorization", "Bearer " + token } };
        var request = new GetAppRequest { Name = "tenants/bench/apps/app" };
        await Wait.UntilAsync("the server", async () =>
        {
            try
            {
                await apps.GetAppAsync(request, headers);
                return true;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable)
            {
                return false;
            }
        });
        var (cpu, since) = (ProcessCost.CpuSeconds(pid), Stopwatch.GetTimestamp());
        var latencies = await Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => Task.Run(() => CallAsync(apps, request, headers, since))));
        var elapsed = Stopwatch.GetElapsedTime(since).TotalSeconds;
        var all = latencies.SelectMany(l => l).Order().ToArray();
        return new(all.Length / elapsed, all[all.Length / 2], all[(int)(all.Length * 0.99)], (ProcessCost.CpuSeconds(pid) - cpu) * 1000 / all.Length);
    }

    private static async Task<List<double>> CallAsync(AppService.AppServiceClient apps, GetAppRequest request, Metadata headers, long since)
    {
        var latencies = new List<double>(100_000);
        while (Stopwatch.GetElapsedTime(since) < s_round)
        {
            var begun = Stopwatch.GetTimestamp();
            await apps.GetAppAsync(request, headers);
            latencies.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }
        return latencies;
    }

    private static double Median(List<Round> rounds, Func<Round, double> value) => rounds.Select(value).Order().ElementAt(rounds.Count / 2);

    private sealed record Round(double Rate, double P50, double P99, double CpuPerThousand);
}
