using Grpc.Net.Client;
using Mesh.Common.Auth;
using Mesh.Common.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Mesh.Common.Tests.Hosting;

/// <summary>A whole server of the kind that every service is, on a port of its own.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    public const string ClusterKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    private readonly WebApplication _app;
    private readonly Lazy<GrpcChannel> _channel;
    private readonly Lazy<Task> _stop;
    private int _disposed;

    private TestServer(WebApplication app, int port)
    {
        _app = app;
        Address = new Uri($"http://127.0.0.1:{port}");
        _channel = new(() => GrpcChannel.ForAddress(Address));
        _stop = new(() => app.StopAsync());
    }

    public Uri Address { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>A channel to this very server.</summary>
    public GrpcChannel Channel => _channel.Value;

    public static byte[] ClusterKeyBytes => Convert.FromBase64String(ClusterKey);

    public static async Task<TestServer> StartAsync(
        string name, Action<WebApplicationBuilder>? add = null, Action<WebApplication>? map = null, params string[] settings)
    {
        var builder = WebApplication.CreateBuilder(
        [
            "--MESH_LISTEN=127.0.0.1", "--MESH_PORT=0", "--MESH_OTLP=off", "--MESH_DRAIN_SECONDS=0", "--MESH_LOG_LEVEL=Error",
            $"--MESH_CLUSTER_KEY={ClusterKey}", "--MESH_CONSUL=http://127.0.0.1:9", .. settings,
        ]);
        // Only a test that brings a database has the migrations of this assembly.
        var migrations = settings.Any(s => s.StartsWith("--MESH_POSTGRES", StringComparison.Ordinal)) ? typeof(TestServer) : typeof(MeshDefaults);
        builder.AddMeshDefaults(name, migrations.Assembly);
        builder.Services.AddSingleton<ITokenResolver, TestTokens>();
        add?.Invoke(builder);
        var app = builder.Build();
        app.MapMeshDefaults();
        map?.Invoke(app);
        await app.StartAsync();
        return new(app, await app.Services.GetRequiredService<ServerAddress>().PortAsync(CancellationToken.None));
    }

    public HttpClient Http(Version? version = null) => new()
    {
        BaseAddress = Address,
        DefaultRequestVersion = version ?? System.Net.HttpVersion.Version11,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    /// <summary>Stops it once, however often it is asked to: each stop would drain again.</summary>
    public Task StopAsync() => _stop.Value;

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1) return;
        if (_channel.IsValueCreated) _channel.Value.Dispose();
        await StopAsync();
        await _app.DisposeAsync();
    }
}
