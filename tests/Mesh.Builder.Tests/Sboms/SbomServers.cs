using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Common.Auth;
using Mesh.Ingestion.V1;
using Mesh.Testing;
using Npgsql;

namespace Mesh.Builder.Tests.Sboms;

/// <summary>Two builders that build nothing, and the ingestion that they tell of what a test puts into their outbox.</summary>
public sealed partial class SbomServers : IAsyncLifetime
{
    private const string ClusterKey = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    private readonly TestFolder _folder = new();
    private readonly HttpClient _http = new();
    private ConsulAgent _consul = null!;
    private ClickHouseServer _clickHouse = null!;
    private string _database = "";
    private GrpcChannel _channel = null!;

    public MeshProcess Ingestion { get; private set; } = null!;

    public IReadOnlyList<MeshProcess> Builders { get; private set; } = [];

    public NpgsqlDataSource Database { get; private set; } = null!;

    public ScanService.ScanServiceClient Scans => new(_channel);

    public static Metadata Headers => new() { { "authorization", "Bearer " + ServiceToken.Create(Convert.FromBase64String(ClusterKey), "tests") } };

    public async Task InitializeAsync()
    {
        _database = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        Database = NpgsqlDataSource.Create(_database);
        _consul = await ConsulAgent.StartAsync();
        _clickHouse = await ClickHouseServer.StartAsync();
        Ingestion = await StartAsync("Mesh.Ingestion", "ingestion");
        _channel = GrpcChannel.ForAddress(Ingestion.Address);
        Builders = [await StartAsync("Mesh.Builder", "builder-1"), await StartAsync("Mesh.Builder", "builder-2")];
    }

    public async Task DisposeAsync()
    {
        foreach (var builder in Builders)
            await builder.DisposeAsync();
        _channel.Dispose();
        await Ingestion.DisposeAsync();
        await _clickHouse.DisposeAsync();
        await _consul.DisposeAsync();
        await Database.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    /// <summary>Puts the SBOM of an image of the tenant `acme` into the outbox, and answers the name of its scan.</summary>
    public async Task<string> AddAsync(string app, string digest, params string[] packages)
    {
        const string insert = "insert into builder.sbom_outbox (tenant, app, digest, sbom, build_time, not_before) values ('acme', $1, $2, $3, now(), now())";
        var components = packages.Select(name => new JsonObject { ["name"] = name, ["version"] = "1.0", ["purl"] = $"pkg:npm/{name}@1.0" });
        var sbom = new JsonObject { ["bomFormat"] = "CycloneDX", ["components"] = new JsonArray([.. components]) };
        await using (var command = Database.CreateCommand(insert))
        {
            command.Parameters.Add(new() { Value = app });
            command.Parameters.Add(new() { Value = digest });
            command.Parameters.Add(new() { Value = System.Text.Encoding.UTF8.GetBytes(sbom.ToJsonString()) });
            await command.ExecuteNonQueryAsync();
        }

        await using var notify = Database.CreateCommand("select pg_notify('builder_sboms', '')");
        await notify.ExecuteNonQueryAsync();
        return $"tenants/acme/repositories/{app}/scans/{digest}";
    }

    /// <summary>A digest of one byte over and over.</summary>
    public static string Digest(int value) => "sha256:" + string.Concat(Enumerable.Repeat(value.ToString("x2", CultureInfo.InvariantCulture), 32));

    /// <summary>A number about an app's waiting SBOMs.</summary>
    public async Task<long> NumberAsync(string what, string app)
    {
        await using var command = Database.CreateCommand($"select {what} from builder.sbom_outbox where app = $1");
        command.Parameters.Add(new() { Value = app });
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    /// <summary>Waits until ingestion has been told, or will never be, of all SBOMs of an app. They are put off for at most a minute.</summary>
    public Task ToldAsync(string app) =>
        Wait.UntilAsync("nothing waits", async () => await NumberAsync("count(*)", app) == 0, TimeSpan.FromMinutes(3));

    /// <summary>How many attempts of both builders ended in one way.</summary>
    public async Task<long> CountAsync(string outcome)
    {
        var sum = 0L;
        foreach (var builder in Builders)
        {
            var text = await _http.GetStringAsync(new Uri(builder.Address, "/metrics"));
            sum += Deliveries().Matches(text).Where(match => match.Groups[1].Value == outcome).Sum(match => long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
        }
        return sum;
    }

    private Task<MeshProcess> StartAsync(string project, string name) => MeshProcess.StartAsync(project, new Dictionary<string, string>
    {
        ["MESH_POSTGRES"] = _database,
        ["MESH_CONSUL"] = _consul.Address.ToString(),
        ["MESH_CLUSTER_KEY"] = ClusterKey,
        ["MESH_CLICKHOUSE"] = _clickHouse.Address.ToString(),
        ["MESH_DATA"] = Path.Combine(_folder.Path, name),
    });

    [GeneratedRegex("""^mesh_builder_sbom_deliveries_total\{[^}]*outcome="([a-z_]+)"[^}]*\} ([0-9]+)""", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Deliveries();
}
