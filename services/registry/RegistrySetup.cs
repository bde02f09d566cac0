using Dapper;
using Mesh.Common.Hosting;
using Mesh.Registry.Blobs;
using Mesh.Registry.Collection;
using Mesh.Registry.Distribution;
using Mesh.Registry.Manifests;
using Mesh.Registry.Repositories;
using Mesh.Registry.Uploads;

namespace Mesh.Registry;

/// <summary>What the registry is made of.</summary>
internal static class RegistrySetup
{
    public static void AddRegistry(this WebApplicationBuilder builder)
    {
        SqlMapper.AddTypeHandler(new DigestTypeHandler());
        var services = builder.Services;
        services.AddSingleton(RegistryOptions.Read(builder.Configuration));
        services.AddSingleton<RegistryMetrics>();
        services.AddSingleton<IBlobStorage>(provider => new FileBlobStorage(provider.GetRequiredService<MeshOptions>().Data));
        services.AddSingleton<BlobStore>().AddSingleton<UploadStore>().AddSingleton<UploadSessions>();
        services.AddSingleton<RepositoryStore>().AddSingleton<ManifestStore>().AddSingleton<TagStore>().AddSingleton<ReferrerStore>();
        services.AddSingleton<OciHandler>().AddSingleton<BlobEndpoints>().AddSingleton<UploadEndpoints>();
        services.AddSingleton<ManifestEndpoints>().AddSingleton<ListEndpoints>();
        services.AddSingleton<Collector>().AddSingleton<LinkCollector>().AddSingleton<UploadCollector>();
        services.AddHostedService<CollectorLoop>();
    }

    public static void MapRegistry(this WebApplication app)
    {
        app.MapGrpcService<BlobService>();
        app.MapGrpcService<ImageService>();
        var handler = app.Services.GetRequiredService<OciHandler>();
        app.Map("/v2/{**rest}", handler.HandleAsync);
    }
}
