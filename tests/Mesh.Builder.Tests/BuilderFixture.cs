using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Mesh.Builder.V1;
using Mesh.Common.Auth;
using Mesh.Common.Names;
using Mesh.Contracts;
using Mesh.Controller.V1;
using Mesh.Registry.V1;
using Mesh.Testing;
using Npgsql;
using Repository = Mesh.Servers.Repository;

namespace Mesh.Builder.Tests;

/// <summary>A builder with the real controller, registry, PostgreSQL and Consul, and the tenant `acme`.</summary>
public sealed class BuilderFixture : IAsyncLifetime, IDisposable
{
    private readonly TestFolder folder = new();
    private readonly byte[] clusterKey = RandomNumberGenerator.GetBytes(32);
    private readonly List<GrpcChannel> channels = [];
    private readonly List<MeshProcess> programs = [];
    private ConsulAgent consul = null!;
    private string database = "";
    private ClickHouseServer? clickHouse;

    public MeshProcess BuilderProcess { get; private set; } = null!;

    /// <summary>A token that may do everything.</summary>
    public string Token => TokenOf("tests");

    /// <summary>The token of one of Mesh's own programs.</summary>
    public string TokenOf(string service) => ServiceToken.Create(clusterKey, service);

    public string Data => Path.Combine(folder.Path, "builder");

    public SourceService.SourceServiceClient Sources { get; private set; } = null!;

    public BuildService.BuildServiceClient Builds { get; private set; } = null!;

    public ImageService.ImageServiceClient Images { get; private set; } = null!;

    public BlobService.BlobServiceClient Blobs { get; private set; } = null!;

    public ReleaseService.ReleaseServiceClient Releases { get; private set; } = null!;

    private AppService.AppServiceClient Apps { get; set; } = null!;

    public async Task InitializeAsync()
    {
        database = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        consul = await ConsulAgent.StartAsync();
        var starting = new[] { "Mesh.Controller", "Mesh.Registry", "Mesh.Builder" }.Select(StartAsync).ToArray();
        programs.AddRange(await Task.WhenAll(starting));
        BuilderProcess = programs[2];
        (Sources, Builds) = (new(Invoker(2)), new(Invoker(2)));
        (Images, Blobs) = (new(Invoker(1)), new(Invoker(1)));
        (Apps, Releases) = (new(Invoker(0)), new(Invoker(0)));
        await new TenantService.TenantServiceClient(Invoker(0)).CreateTenantAsync(new CreateTenantRequest { TenantId = "acme", Tenant = new Tenant() });
    }

    public async Task DisposeAsync()
    {
        channels.ForEach(channel => channel.Dispose());
        foreach (var program in programs.AsEnumerable().Reverse())
            await program.DisposeAsync();
        if (clickHouse is not null)
            await clickHouse.DisposeAsync();
        await consul.DisposeAsync();
    }

    public void Dispose() => folder.Dispose();

    /// <summary>Starts ingestion, which nothing here needs before a test asks for it.</summary>
    public async Task<Ingestion.V1.ScanService.ScanServiceClient> StartIngestionAsync()
    {
        clickHouse = await ClickHouseServer.StartAsync();
        programs.Add(await StartAsync("Mesh.Ingestion"));
        return new(Invoker(programs.Count - 1));
    }

    /// <summary>How many SBOMs of an app ingestion has yet to be told of.</summary>
    public async Task<long> WaitingSbomsAsync(string app)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("select count(*) from builder.sbom_outbox where app = $1");
        command.Parameters.Add(new() { Value = AppName.Parse(app).App });
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Makes an app and gives its name.</summary>
    public async Task<string> CreateAppAsync(string id)
    {
        var answer = await Apps.CreateAppAsync(new CreateAppRequest { Parent = "tenants/acme", AppId = id, App = new App() });
        return answer.App.Name;
    }

    public async Task<Source> UploadAsync(string app, byte[] archive, string digest = "")
    {
        using var call = Sources.UploadSource();
        var start = new UploadSourceRequest { Start = new() { Parent = app, Digest = digest } };
        var chunks = archive.Chunk(100_000).Select(chunk => new UploadSourceRequest { Data = ByteString.CopyFrom(chunk) });
        await call.RequestStream.TryWriteAllAsync(chunks.Prepend(start).ToAsyncEnumerable());
        // Where the builder ended the call early, its answer says why.
        return (await call).Source;
    }

    /// <summary>Uploads, builds and waits for the end; gives the build and its log.</summary>
    public async Task<(V1.Build Build, string Log)> BuildAsync(string app, byte[] archive, bool skipRelease = false)
    {
        var source = await UploadAsync(app, archive);
        var build = await Builds.CreateBuildAsync(new CreateBuildRequest { Parent = app, Build = new() { Source = source.Name, SkipRelease = skipRelease } });
        return await EndAsync(build.Build.Name);
    }

    public async Task<(V1.Build Build, string Log)> EndAsync(string name)
    {
        using var log = Builds.StreamBuildLog(new StreamBuildLogRequest { Name = name });
        using var text = new MemoryStream();
        await foreach (var part in log.ResponseStream.ReadAllAsync())
            text.Write(part.Data.Span);
        var ended = await Builds.GetBuildAsync(new GetBuildRequest { Name = name });
        return (ended.Build, System.Text.Encoding.UTF8.GetString(text.ToArray()));
    }

    /// <summary>A sample of the repository as an archive.</summary>
    public static byte[] Sample(string name) => Archive(
        [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "samples", name), "*", SearchOption.AllDirectories)
            .Select(path => (Path.GetRelativePath(Path.Combine(Repository.Root, "samples", name), path), File.ReadAllText(path)))
            .Where(file => !file.Item1.StartsWith("bin/", StringComparison.Ordinal) && !file.Item1.StartsWith("obj/", StringComparison.Ordinal))]);

    public static byte[] Archive(params (string Path, string Text)[] files)
    {
        var archive = new MemoryStream();
        using (var gzip = new GZipStream(archive, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Pax))
        {
            foreach (var (path, text) in files)
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, path) { DataStream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)) });
        }
        return archive.ToArray();
    }

    private Task<MeshProcess> StartAsync(string project) => MeshProcess.StartAsync(project, new Dictionary<string, string>
    {
        ["MESH_POSTGRES"] = database,
        ["MESH_CONSUL"] = consul.Address.ToString(),
        ["MESH_CLUSTER_KEY"] = Convert.ToBase64String(clusterKey),
        ["MESH_DATA"] = Path.Combine(folder.Path, project["Mesh.".Length..].ToLowerInvariant()),
        ["MESH_CLICKHOUSE"] = clickHouse?.Address.ToString() ?? "",
        ["MESH_BUILDER_MAX_SOURCE_MB"] = "1",
        ["MESH_BUILDER_NETWORK"] = "host",
        ["MESH_BUILDER_STACKS"] = StackFolder.Path,
        ["MESH_BUILDER_STACKS_COMMAND"] = Path.Combine(Repository.Root, "eng", "stacks"),
    });

    private CallInvoker Invoker(int program)
    {
        var channel = GrpcChannel.ForAddress(programs[program].Address);
        channels.Add(channel);
        return channel.Intercept(headers =>
        {
            if (headers.Get("authorization") is null)
                headers.Add("authorization", $"Bearer {Token}");
            return headers;
        });
    }
}

/// <summary>One fixture for all tests that need the servers: they take a few seconds to start.</summary>
[CollectionDefinition(nameof(BuilderCollection))]
public sealed class BuilderCollection : ICollectionFixture<BuilderFixture>;
