using System.Collections.Concurrent;
using Mesh.Agent.Tests.Testing;
using Mesh.Common.Hosting;
using Mesh.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Mesh.Agent.Tests.Program;

/// <summary>
/// The other side of the agent's three contracts, over real gRPC and found through a real Consul: it says what the test
/// wants and remembers what the agent says.
/// </summary>
internal sealed class ControlPlane : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, WebApplication> servers = new();
    private ConsulAgent consul = null!;

    public TestImageSource Images { get; } = new();

    public SchedulerSide Scheduler { get; } = new();

    public IngestionSide Ingestion { get; } = new();

    public string ClusterKey { get; } = Convert.ToBase64String(new byte[32]);

    public Uri Consul => consul.Address;

    public static async Task<ControlPlane> StartAsync()
    {
        var plane = new ControlPlane { consul = await ConsulAgent.StartAsync() };
        await plane.StartAsync("registry");
        await plane.StartAsync("scheduler");
        await plane.StartAsync("ingestion");
        return plane;
    }

    public async Task StartAsync(string service)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["MESH_LISTEN"] = "127.0.0.1",
            ["MESH_CONSUL"] = Consul.ToString(),
            ["MESH_CLUSTER_KEY"] = ClusterKey,
            ["MESH_OTLP"] = "off",
            ["MESH_LOG_LEVEL"] = "Warning",
            ["MESH_DRAIN_SECONDS"] = "0",
        });
        builder.AddMeshDefaults(service, typeof(ControlPlane).Assembly);
        builder.Services.AddSingleton(Images);
        builder.Services.AddSingleton(Scheduler);
        builder.Services.AddSingleton(Ingestion);
        var app = builder.Build();
        app.MapMeshDefaults();
        if (service == "scheduler") app.MapGrpcService<SchedulerSide>();
        if (service == "ingestion") app.MapGrpcService<IngestionSide>();
        if (service == "registry")
        {
            app.MapGrpcService<RegistryImages>();
            app.MapGrpcService<RegistryBlobs>();
        }

        await app.StartAsync();
        servers[service] = app;
    }

    public async Task StopAsync(string service)
    {
        if (!servers.TryRemove(service, out var app)) return;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await app.StopAsync(patience.Token);
        await app.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in servers.Keys) await StopAsync(service);
        await consul.DisposeAsync();
    }
}
