using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Servers;

/// <summary>An engine and a database for ingestions that a test starts and ends itself.</summary>
public sealed class ReplicaServers : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public EngineProcess Engine { get; private set; } = null!;

    /// <summary>The connection string of the database.</summary>
    public string Postgres { get; private set; } = "";

    public async Task InitializeAsync()
    {
        Engine = new EngineProcess(Path.Combine(_folder.Path, "clickhouse"));
        await Engine.StartAsync();
        Postgres = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
    }

    public async Task DisposeAsync()
    {
        await Engine.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>An ingestion with a folder of its own, not started yet.</summary>
    /// <param name="name">The name of its folder.</param>
    /// <param name="clickHouse">How it reaches the engine; null for directly.</param>
    /// <param name="settings">What is set of MESH_INGESTION_….</param>
    public IngestionProcess Replica(string name, Uri? clickHouse = null, params (string Name, string Value)[] settings)
    {
        var process = new IngestionProcess(Path.Combine(_folder.Path, name), clickHouse ?? Engine.Address, Postgres);
        foreach (var (setting, value) in settings)
            process.Settings["MESH_INGESTION_" + setting] = value;
        return process;
    }
}
