using Mesh.Builder.Builds;
using Mesh.Builder.Dockerfiles;
using Mesh.Builder.Git;
using Mesh.Builder.Images;
using Mesh.Builder.Isolation;
using Mesh.Builder.Sboms;
using Mesh.Builder.Sources;
using Mesh.Common.Discovery;
using Mesh.Common.Hosting;
using Mesh.Common.Postgres;
using Mesh.Controller.V1;
using Mesh.Registry.V1;

namespace Mesh.Builder;

/// <summary>Everything that the builder is made of.</summary>
internal static class BuilderSetup
{
    public static void AddBuilder(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton(provider => BuilderOptions.Read(builder.Configuration, provider.GetRequiredService<MeshOptions>()));
        services.AddMeshClient<AppService.AppServiceClient>("controller");
        services.AddMeshClient<ReleaseService.ReleaseServiceClient>("controller");
        services.AddMeshClient<BlobService.BlobServiceClient>("registry");
        services.AddMeshClient<ImageService.ImageServiceClient>("registry");
        services.AddMeshClient<Ingestion.V1.ScanService.ScanServiceClient>("ingestion");

        services.AddSingleton<SourceFiles>().AddSingleton<SourceStore>();
        services.AddSingleton<RegistryClient>().AddSingleton<StackCatalog>().AddSingleton<StackRoots>().AddSingleton<LayerCache>().AddSingleton<ImagePush>();
        services.AddSingleton<Sandbox>().AddSingleton<StepRunner>().AddSingleton<StackBuild>();
        services.AddSingleton<StackExport>().AddSingleton<Buildah>().AddSingleton<DockerfileBuild>();
        services.AddSingleton<GitRepositories>().AddSingleton<PushBuild>().AddSingleton<GitBackend>().AddSingleton<GitEndpoint>();
        services.AddSingleton<DebianPackages>().AddSingleton<SbomWriter>();
        services.AddSingleton<SbomOutbox>().AddSingleton<SbomSender>().AddSingleton<SbomMetrics>().AddHostedService<SbomDelivery>();
        services.AddSingleton<BuildStore>().AddSingleton<BuildLogStore>().AddSingleton<BuildQueue>().AddSingleton<BuildWatch>().AddSingleton<BuildRunner>();
        services.AddPostgresSignals(BuildChannels.All);
        services.AddSingleton<BuildMetrics>();
        services.AddHostedService<Leftovers>();
        services.AddHostedService<BuildWorker>();
    }

    public static void MapBuilder(this WebApplication app)
    {
        app.MapGrpcService<Sources.SourceService>();
        app.MapGrpcService<Builds.BuildService>();
        app.MapGrpcService<Scans.ScanService>();
        GitEndpoint.Map(app);
    }
}
