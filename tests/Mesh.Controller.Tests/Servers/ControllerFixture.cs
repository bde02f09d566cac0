using System.Security.Cryptography;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Mesh.Auth.V1;
using Mesh.Common.Auth;
using Mesh.Testing;

namespace Mesh.Controller.Tests.Servers;

/// <summary>The real controller with PostgreSQL and Consul, and the tenants `acme` and `globex` with a member of each role.</summary>
public sealed class ControllerFixture : IAsyncLifetime
{
    private readonly byte[] _clusterKey = RandomNumberGenerator.GetBytes(32);
    private readonly List<GrpcChannel> _channels = [];
    private readonly Dictionary<(string, Role), string> _tokens = [];
    private ConsulAgent _consul = null!;
    private int _apps;

    public MeshProcess Process { get; private set; } = null!;

    /// <summary>A connection string for a role that may do everything.</summary>
    public string Database { get; private set; } = "";

    /// <summary>One of Mesh's own programs: it may do everything.</summary>
    public Caller Service => As(ServiceToken);

    public string ServiceToken => Mesh.Common.Auth.ServiceToken.Create(_clusterKey, "tests");

    public async Task InitializeAsync()
    {
        Database = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        _consul = await ConsulAgent.StartAsync();
        Process = await StartAsync();
        foreach (var tenant in new[] { "acme", "globex" }) await MakeTenantAsync(tenant);
    }

    public async Task DisposeAsync()
    {
        _channels.ForEach(channel => channel.Dispose());
        await Process.DisposeAsync();
        await _consul.DisposeAsync();
    }

    /// <summary>The Consul agent in which the controllers register.</summary>
    public Uri Consul => _consul.Address;

    public string ClusterKey => Convert.ToBase64String(_clusterKey);

    /// <summary>Starts a controller on the same database, which drains for so long when it is stopped.</summary>
    public Task<MeshProcess> StartAsync(int drainSeconds = 3, Dictionary<string, string>? settings = null) => MeshProcess.StartAsync("Mesh.Controller", new Dictionary<string, string>(settings ?? [])
    {
        ["MESH_POSTGRES"] = Database,
        ["MESH_CONSUL"] = _consul.Address.ToString(),
        ["MESH_CLUSTER_KEY"] = ClusterKey,
        ["MESH_DRAIN_SECONDS"] = $"{drainSeconds}",
    });

    public Caller As(string token, MeshProcess? process = null)
    {
        var channel = GrpcChannel.ForAddress((process ?? Process).Address);
        _channels.Add(channel);
        return new Caller(token.Length == 0 ? channel.CreateCallInvoker() : channel.Intercept(headers =>
        {
            headers.Add("authorization", $"Bearer {token}");
            return headers;
        }));
    }

    /// <summary>The member of a role in a tenant.</summary>
    public Caller As(string tenant, Role role) => As(_tokens[(tenant, role)]);

    /// <summary>Makes a tenant with a member of each role, named like the role.</summary>
    public async Task MakeTenantAsync(string tenant)
    {
        await Service.Tenants.CreateTenantAsync(new() { TenantId = tenant });
        foreach (var role in new[] { Role.Viewer, Role.Developer, Role.Admin, Role.Owner })
        {
            var member = role.ToString().ToLowerInvariant();
            if (role != Role.Owner)
                await Service.Members.CreateMemberAsync(new() { Parent = $"tenants/{tenant}", MemberId = member, Member = new() { Role = role } });
            _tokens[(tenant, role)] = (await MakeTokenAsync(tenant, member)).Secret;
        }
    }

    public async Task<V1.CreateTokenResponse> MakeTokenAsync(string tenant, string member) => await Service.Tokens.CreateTokenAsync(
        new() { Parent = $"tenants/{tenant}", Token = new() { Member = $"tenants/{tenant}/members/{member}" } });

    /// <summary>Makes an app of a name of its own.</summary>
    public async Task<string> MakeAppAsync(string tenant = "acme")
    {
        var request = new V1.CreateAppRequest { Parent = $"tenants/{tenant}", AppId = $"app-{Interlocked.Increment(ref _apps)}" };
        return (await Service.Apps.CreateAppAsync(request)).App.Name;
    }

    /// <summary>Makes a release with the given process types.</summary>
    public async Task<V1.Release> ReleaseAsync(string app, params string[] types)
    {
        var release = new V1.Release { Image = Image(app.Split('/')[1]) };
        foreach (var type in types.Length == 0 ? ["web"] : types) release.Processes[type] = "";
        return (await Service.Releases.CreateReleaseAsync(new() { Parent = app, Release = release })).Release;
    }

    public static string Image(string tenant) => $"{tenant}/shop@sha256:{new string('a', 64)}";
}

/// <summary>One fixture for all tests that leave the controller running.</summary>
[CollectionDefinition(nameof(ControllerCollection))]
public sealed class ControllerCollection : ICollectionFixture<ControllerFixture>;
