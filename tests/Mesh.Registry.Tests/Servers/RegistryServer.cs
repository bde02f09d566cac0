using System.Net.Http.Headers;
using System.Security.Cryptography;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Mesh.Common.Auth;
using Mesh.Testing;

namespace Mesh.Registry.Tests.Servers;

/// <summary>The registry as a process of its own, on the real PostgreSQL and Consul.</summary>
public sealed class RegistryServer : IAsyncLifetime, IDisposable
{
    private readonly byte[] key = RandomNumberGenerator.GetBytes(32);
    private readonly TestFolder folder = new();
    private readonly Dictionary<string, string> settings = [];
    private ConsulAgent consul = null!;
    private ControllerSide controller = null!;

    public MeshProcess Process { get; private set; } = null!;

    /// <summary>The connection string of the registry's database, for a role that may do everything.</summary>
    public string Database { get; private set; } = null!;

    /// <summary>The registry's own folder.</summary>
    public string Data => Path.Combine(folder.Path, "data");

    /// <summary>The host and port that clients write before an image's name.</summary>
    public string Host => Process.Address.Authority;

    /// <summary>The token of one of our own programs, which may do everything.</summary>
    public string ServiceToken => Common.Auth.ServiceToken.Create(key, "builder");

    /// <summary>A registry of a test's own, with settings of its own.</summary>
    public static async Task<RegistryServer> StartAsync(params (string Name, string Value)[] settings)
    {
        var server = new RegistryServer();
        foreach (var (name, value) in settings) server.settings[name] = value;
        await server.InitializeAsync();
        return server;
    }

    public async Task InitializeAsync()
    {
        var postgres = await PostgresServer.GetAsync();
        Database = await postgres.CreateDatabaseAsync();
        consul = await ConsulAgent.StartAsync();
        controller = await ControllerSide.StartAsync(consul.Address);
        Process = await MeshProcess.StartAsync("Mesh.Registry", new Dictionary<string, string>(settings)
        {
            ["MESH_CONSUL"] = consul.Address.ToString(),
            ["MESH_POSTGRES"] = Database,
            ["MESH_CLUSTER_KEY"] = Convert.ToBase64String(key),
            ["MESH_DATA"] = Data,
        });
        await UntilPeopleSignInAsync();
    }

    /// <summary>Starts the process again after it was killed.</summary>
    public async Task StartAgainAsync()
    {
        await Process.StartAgainAsync();
        await UntilPeopleSignInAsync();
    }

    /// <summary>An HTTP client that shows a token; none when it is empty.</summary>
    public OciClient Client(string token)
    {
        var client = new HttpClient { BaseAddress = Process.Address };
        if (token.Length > 0) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return new OciClient(client);
    }

    /// <summary>A gRPC channel that shows a token.</summary>
    public (GrpcChannel Channel, CallInvoker Invoker) Channel(string token)
    {
        var channel = GrpcChannel.ForAddress(Process.Address);
        return (channel, channel.Intercept(headers =>
        {
            headers.Add("authorization", $"Bearer {token}");
            return headers;
        }));
    }

    public async Task DisposeAsync()
    {
        await Process.DisposeAsync();
        await controller.DisposeAsync();
        await consul.DisposeAsync();
        Dispose();
    }

    /// <summary>A registry is ready before it has found the controller.</summary>
    private async Task UntilPeopleSignInAsync()
    {
        using var client = Client(Callers.Viewer);
        await Wait.UntilAsync("the registry asks the controller", async () =>
        {
            using var answer = await client.SendAsync("GET", "/v2/");
            return answer.IsSuccessStatusCode;
        });
    }

    public void Dispose() => folder.Dispose();
}

/// <summary>The tests that share one registry; each uses repositories of its own.</summary>
[CollectionDefinition(Name)]
public sealed class SharedRegistry : ICollectionFixture<RegistryServer>
{
    public const string Name = "shared registry";
}
