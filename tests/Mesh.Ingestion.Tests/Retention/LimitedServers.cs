using Mesh.Ingestion.Tests.Servers;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Retention;

/// <summary>An ingestion with tight limits, and its engine.</summary>
public sealed class LimitedServers : IAsyncLifetime
{
    public const int Streams = 3, Series = 5, Targets = 4, AlertPolicies = 4;

    private readonly TemporaryFolder _folder = new();

    public EngineProcess Engine { get; private set; } = null!;

    public IngestionProcess Ingestion { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Engine = new EngineProcess(Path.Combine(_folder.Path, "clickhouse"));
        await Engine.StartAsync();
        var postgres = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        Ingestion = new IngestionProcess(Path.Combine(_folder.Path, "ingestion"), Engine.Address, postgres);
        Ingestion.Settings["MESH_INGESTION_BATCH_MILLISECONDS"] = "100";
        Ingestion.Settings["MESH_INGESTION_TENANT_STREAMS"] = $"{Streams}";
        Ingestion.Settings["MESH_INGESTION_TENANT_SERIES"] = $"{Series}";
        Ingestion.Settings["MESH_INGESTION_TENANT_TARGETS"] = $"{Targets}";
        Ingestion.Settings["MESH_INGESTION_TENANT_ALERT_POLICIES"] = $"{AlertPolicies}";
        Ingestion.Settings["MESH_INGESTION_RETENTION"] = "short:samples=3,*:samples=6";
        Ingestion.Settings["MESH_INGESTION_RETENTION_MILLISECONDS"] = "200";
        await Ingestion.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await Ingestion.DisposeAsync();
        await Engine.DisposeAsync();
        _folder.Dispose();
    }

    public Task WaitForAsync(string sql, long expected) => IngestionServers.WaitForAsync(Engine, Ingestion, sql, expected);
}
