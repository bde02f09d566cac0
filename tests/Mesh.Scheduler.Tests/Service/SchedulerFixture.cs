using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Common.Auth;
using Mesh.Scheduler.V1;
using Mesh.Testing;
using Npgsql;

namespace Mesh.Scheduler.Tests.Service;

/// <summary>A scheduler of the test's own, with a real PostgreSQL database and a real Consul agent.</summary>
public sealed class SchedulerFixture : IAsyncLifetime
{
    private static readonly byte[] ClusterKey = new byte[32];
    private readonly List<IAsyncDisposable> _owned = [];

    public ConsulAgent Consul { get; private set; } = null!;

    public MeshProcess Scheduler { get; private set; } = null!;

    public WorkloadService.WorkloadServiceClient Workloads { get; private set; } = null!;

    public NodeService.NodeServiceClient Nodes { get; private set; } = null!;

    public EndpointService.EndpointServiceClient Endpoints { get; private set; } = null!;

    public JobService.JobServiceClient Jobs { get; private set; } = null!;

    public IReadOnlyDictionary<string, string> Environment { get; private set; } = null!;

    public static Metadata Headers => new() { { "authorization", $"Bearer {ServiceToken.Create(ClusterKey, "test")}" } };

    public async Task InitializeAsync()
    {
        var postgres = await PostgresServer.GetAsync();
        Consul = await ConsulAgent.StartAsync();
        _owned.Add(Consul);
        Environment = new Dictionary<string, string>
        {
            ["MESH_POSTGRES"] = await postgres.CreateDatabaseAsync(),
            ["MESH_CONSUL"] = Consul.Address.ToString(),
            ["MESH_CLUSTER_KEY"] = Convert.ToBase64String(ClusterKey),
            ["MESH_SCHEDULER_LOST_SECONDS"] = "3",
            // A router of a test says nothing while it holds back, and a busy machine keeps an agent from speaking.
            ["MESH_SCHEDULER_SILENCE_SECONDS"] = "600",
            // A router that a test leaves behind is not waited for by the next one.
            ["MESH_SCHEDULER_ROUTER_GRACE_SECONDS"] = "3",
        };
        Scheduler = await MeshProcess.StartAsync("Mesh.Scheduler", Environment);
        _owned.Add(Scheduler);
        // A program serves before it leads; until then streams of agents and routers are sent away.
        await Wait.UntilAsync("the scheduler leads", () => Scheduler.Output.Contains("Leading with the fence", StringComparison.Ordinal));
        var channel = Channel(Scheduler);
        Workloads = new(channel);
        Nodes = new(channel);
        Endpoints = new(channel);
        Jobs = new(channel);
    }

    public static GrpcChannel Channel(MeshProcess scheduler) => GrpcChannel.ForAddress(scheduler.Address);

    public async Task<FakeAgent> AgentAsync(string node, int cpuMillis = 4000)
    {
        var agent = new FakeAgent(Nodes, node, cpuMillis);
        _owned.Add(agent);
        await agent.ConnectAsync();
        return agent;
    }

    public async Task<FakeRouter> RouterAsync(string id)
    {
        var router = new FakeRouter(Endpoints, id);
        _owned.Add(router);
        await router.ConnectAsync();
        return router;
    }

    public async Task<Workload> ApplyAsync(string name, WorkloadSpec spec) =>
        (await Workloads.ApplyWorkloadAsync(
            new ApplyWorkloadRequest { Workload = new Workload { Name = name, Spec = spec } }, Headers)).Workload;

    public async Task<Workload> GetAsync(string name) =>
        (await Workloads.GetWorkloadAsync(new GetWorkloadRequest { Name = name }, Headers)).Workload;

    public async Task<Workload> UntilAsync(string name, Workload.Types.State state)
    {
        var workload = await GetAsync(name);
        await Wait.UntilAsync($"{name} is {state}; it is {workload.State}: {workload.Message}", async () =>
            (workload = await GetAsync(name)).State == state);
        return workload;
    }

    public async Task<IReadOnlyList<Allocation>> AllocationsAsync(string workload, bool ended = false) =>
        (await Workloads.ListAllocationsAsync(new ListAllocationsRequest { Parent = workload, IncludeEnded = ended }, Headers)).Allocations;

    /// <summary>Takes the database away, with all connections to it, or gives it back.</summary>
    public async Task SetDatabaseAsync(bool away)
    {
        var address = new NpgsqlConnectionStringBuilder(Environment["MESH_POSTGRES"]);
        var database = address.Database;
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(address.ConnectionString) { Database = "postgres" }.ConnectionString);
        await connection.OpenAsync();
        await using (var allow = new NpgsqlCommand($"alter database \"{database}\" allow_connections {(away ? "false" : "true")}", connection))
            await allow.ExecuteNonQueryAsync();
        if (!away)
            return;
        await using var end = new NpgsqlCommand("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", connection)
        {
            Parameters = { new() { Value = database } },
        };
        await end.ExecuteNonQueryAsync();
    }

    public async Task DisposeAsync()
    {
        for (var i = _owned.Count - 1; i >= 0; i--)
            await _owned[i].DisposeAsync();
    }
}
