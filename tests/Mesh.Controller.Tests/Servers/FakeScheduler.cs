using System.Collections.Concurrent;
using Grpc.Core;
using Mesh.Common.Hosting;
using Mesh.Scheduler.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Mesh.Controller.Tests.Servers;

/// <summary>Takes workloads and lets them go, over real gRPC and found through Consul; nothing runs.</summary>
internal sealed class FakeScheduler : WorkloadService.WorkloadServiceBase, IAsyncDisposable
{
    private WebApplication _app = null!;
    private int _stops;

    /// <summary>The workloads that it has, by name.</summary>
    public ConcurrentDictionary<string, Workload> Workloads { get; } = new();

    /// <summary>Whether it takes what it is told and answers nothing, as one that is killed does.</summary>
    public bool Falters { get; set; }

    /// <summary>How often it was asked to stop one.</summary>
    public int Stops => Volatile.Read(ref _stops);

    public static async Task<FakeScheduler> StartAsync(ControllerFixture mesh)
    {
        var scheduler = new FakeScheduler();
        var builder = WebApplication.CreateBuilder(
        [
            "--MESH_LISTEN=127.0.0.1", "--MESH_OTLP=off", "--MESH_LOG_LEVEL=Warning", "--MESH_DRAIN_SECONDS=0", $"--MESH_CONSUL={mesh.Consul}",
            $"--MESH_CLUSTER_KEY={mesh.ClusterKey}",
        ]);
        builder.AddMeshDefaults("scheduler", typeof(FakeScheduler).Assembly);
        builder.Services.AddSingleton(scheduler);
        scheduler._app = builder.Build();
        scheduler._app.MapMeshDefaults();
        scheduler._app.MapGrpcService<FakeScheduler>();
        await scheduler._app.StartAsync();
        return scheduler;
    }

    public override Task<ApplyWorkloadResponse> ApplyWorkload(ApplyWorkloadRequest request, ServerCallContext context)
    {
        Workloads[request.Workload.Name] = request.Workload;
        return Falters ? throw Away() : Task.FromResult(new ApplyWorkloadResponse { Workload = request.Workload });
    }

    public override Task<StopWorkloadResponse> StopWorkload(StopWorkloadRequest request, ServerCallContext context)
    {
        Interlocked.Increment(ref _stops);
        if (Falters) throw Away();
        Workloads.TryRemove(request.Name, out _);
        return Task.FromResult(new StopWorkloadResponse());
    }

    public override Task<GetWorkloadResponse> GetWorkload(GetWorkloadRequest request, ServerCallContext context) =>
        Workloads.TryGetValue(request.Name, out var workload)
            ? Task.FromResult(new GetWorkloadResponse { Workload = workload })
            : throw new RpcException(new Status(StatusCode.NotFound, "There is no such workload."));

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static RpcException Away() => new(new Status(StatusCode.Unavailable, "Killed."));
}
