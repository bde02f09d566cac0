using Mesh.Agent.Allocations;
using Mesh.Agent.Images;
using Mesh.Agent.Runtime;
using Mesh.Agent.Runtime.Shim;
using Mesh.Agent.Scheduling;
using Mesh.Agent.Telemetry;
using Mesh.Common.Discovery;
using Mesh.Common.Hosting;
using Mesh.Ingestion.V1;
using Mesh.Registry.V1;
using Mesh.Scheduler.V1;

namespace Mesh.Agent;

/// <summary>The parts of the agent.</summary>
internal static class AgentSetup
{
    public static void AddAgent(this WebApplicationBuilder builder, MeshOptions mesh)
    {
        var data = Directory.CreateDirectory(Path.GetFullPath(mesh.Data)).FullName;
        var options = AgentOptions.Read(builder.Configuration);
        var services = builder.Services;
        // Before anything that cleans up in the folder: what lies there may be at work for another agent.
        var identity = NodeIdentity.Take(data, options);
        services.AddSingleton(options);
        services.AddSingleton(_ => identity);
        services.AddSingleton<NodeFingerprint>();
        services.AddSingleton(RuntimeChoice.Choose(options.Runtime, data));
        services.AddSingleton<ShimLauncher>();
        services.AddImages(Path.Combine(data, "images"));
        services.AddAllocations(Path.Combine(data, "allocations"));
        services.AddMeshClient<NodeService.NodeServiceClient>("scheduler");
        services.AddSingleton<AssignmentTable>();
        services.AddSingleton<AgentMetrics>();
        services.AddTelemetry(Path.Combine(data, "telemetry.json"));
        // Started in this order and stopped in the opposite one.
        services.AddHostedService<IngestionConnection>();
        services.AddHostedService<MetricCollector>();
        services.AddHostedService<AllocationHost>();
        services.AddHostedService<SchedulerConnection>();
    }

    private static void AddImages(this IServiceCollection services, string folder)
    {
        services.AddMeshClient<ImageService.ImageServiceClient>("registry");
        services.AddMeshClient<BlobService.BlobServiceClient>("registry");
        services.AddSingleton<IImageSource, RegistryImageSource>();
        services.AddSingleton(provider =>
        {
            var runtime = provider.GetRequiredService<IContainerRuntime>();
            var layers = new LayerStore(
                provider.GetRequiredService<IImageSource>(), Path.Combine(folder, "downloads"), runtime.LayerFolder, runtime.UsesOverlay, new());
            layers.Clean();
            return layers;
        });
        services.AddSingleton(provider => new ImageStore(
            provider.GetRequiredService<IImageSource>(), provider.GetRequiredService<LayerStore>(), folder));
    }

    private static void AddTelemetry(this IServiceCollection services, string path)
    {
        services.AddMeshClient<TelemetryService.TelemetryServiceClient>("ingestion");
        services.AddSingleton(_ => new TelemetryState(path));
        services.AddSingleton(_ => new SampleBuffer());
        services.AddSingleton<BatchSource>();
        services.AddSingleton<AppScrape>();
    }

    private static void AddAllocations(this IServiceCollection services, string folder)
    {
        services.AddSingleton(provider => new AllocationStore(folder, provider.GetRequiredService<ILogger<AllocationStore>>()));
        services.AddSingleton(_ => new PortReservations());
        services.AddSingleton<HealthProbe>();
        services.AddSingleton(provider => new AllocationParts(
            provider.GetRequiredService<IContainerRuntime>(),
            provider.GetRequiredService<ImageStore>(),
            provider.GetRequiredService<AllocationStore>(),
            provider.GetRequiredService<PortReservations>(),
            provider.GetRequiredService<ShimLauncher>(),
            provider.GetRequiredService<HealthProbe>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<AllocationRunner>>()));
        services.AddSingleton<NodeAllocations>();
    }
}
