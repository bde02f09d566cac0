using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Auth.V1;
using Mesh.Controller.V1;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Scans;

/// <summary>An ingestion that asks a real controller who is calling.</summary>
public sealed class RoleServers : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private ConsulAgent _consul = null!;
    private MeshProcess _controller = null!;
    private GrpcChannel _members = null!;
    private IngestionProcess _ingestion = null!;

    public EngineProcess Engine { get; private set; } = null!;

    public GrpcChannel Channel { get; private set; } = null!;

    private static Metadata Headers { get; } = IngestionProcess.HeadersOf("tests");

    public async Task InitializeAsync()
    {
        var postgres = await PostgresServer.GetAsync();
        _consul = await ConsulAgent.StartAsync();
        _controller = await MeshProcess.StartAsync("Mesh.Controller", new Dictionary<string, string>
        {
            ["MESH_POSTGRES"] = await postgres.CreateDatabaseAsync(),
            ["MESH_CONSUL"] = _consul.Address.ToString(),
            ["MESH_CLUSTER_KEY"] = Convert.ToBase64String(new byte[32]),
            ["MESH_DATA"] = Path.Combine(_folder.Path, "controller"),
        });
        _members = GrpcChannel.ForAddress(_controller.Address);
        Engine = new EngineProcess(Path.Combine(_folder.Path, "clickhouse"));
        await Engine.StartAsync();
        _ingestion = new IngestionProcess(Path.Combine(_folder.Path, "ingestion"), Engine.Address, await postgres.CreateDatabaseAsync());
        _ingestion.Settings["MESH_CONSUL"] = _consul.Address.ToString();
        _ingestion.Settings["MESH_ADVERTISE"] = "127.0.0.1";
        await _ingestion.StartAsync();
        Channel = _ingestion.Connect();
    }

    /// <summary>Makes a tenant.</summary>
    public async Task MakeTenantAsync(string tenant) =>
        await new TenantService.TenantServiceClient(_members).CreateTenantAsync(new CreateTenantRequest { TenantId = tenant }, Headers);

    /// <summary>Makes a person with a role in a tenant and none elsewhere, and answers the headers of his calls.</summary>
    public async Task<Metadata> PersonAsync(string tenant, Role role)
    {
        var member = new CreateMemberRequest { Parent = $"tenants/{tenant}", MemberId = "person", Member = new() { Role = role } };
        var made = (await new MemberService.MemberServiceClient(_members).CreateMemberAsync(member, Headers)).Member;
        var token = new CreateTokenRequest { Parent = $"tenants/{tenant}", Token = new() { Member = made.Name } };
        var secret = (await new TokenService.TokenServiceClient(_members).CreateTokenAsync(token, Headers)).Secret;
        var headers = new Metadata { { "authorization", "Bearer " + secret } };
        // Ingestion has found the controller when it knows the person.
        await Wait.UntilAsync("ingestion knows the person", async () =>
        {
            try
            {
                var request = new V1.ListScansRequest { Parent = $"tenants/{tenant}/repositories/-" };
                await new V1.ScanService.ScanServiceClient(Channel).ListScansAsync(request, headers);
                return true;
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.Unavailable)
            {
                return false;
            }
        });
        return headers;
    }

    /// <summary>Revokes the person's token.</summary>
    public async Task RevokeAsync(string tenant)
    {
        var tokens = new TokenService.TokenServiceClient(_members);
        foreach (var token in (await tokens.ListTokensAsync(new ListTokensRequest { Parent = $"tenants/{tenant}" }, Headers)).Tokens)
            await tokens.RevokeTokenAsync(new RevokeTokenRequest { Name = token.Name }, Headers);
    }

    /// <summary>Gives the person another role.</summary>
    public async Task ChangeRoleAsync(string tenant, Role role)
    {
        var member = new Member { Name = $"tenants/{tenant}/members/person", Role = role };
        var request = new UpdateMemberRequest { Member = member, UpdateMask = new() { Paths = { "role" } } };
        await new MemberService.MemberServiceClient(_members).UpdateMemberAsync(request, Headers);
    }

    public async Task DisposeAsync()
    {
        Channel.Dispose();
        _members.Dispose();
        await _ingestion.DisposeAsync();
        await Engine.DisposeAsync();
        await _controller.DisposeAsync();
        await _consul.DisposeAsync();
        _folder.Dispose();
    }
}
