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
    /// <param name="diskMegabytes">The size of a disk of its own; null for none.</param>
    /// <param name="settings">What is set of MESH_INGESTION_….</param>
    public IngestionProcess Replica(string name, Uri? clickHouse = null, int? diskMegabytes = null, params (string Name, string Value)[] settings)
    {
        var folder = Path.Combine(_folder.Path, name);
        var process = new IngestionProcess(folder, clickHouse ?? Engine.Address, Postgres) { DiskMegabytes = diskMegabytes };
        foreach (var (setting, value) in settings)
            process.Settings["MESH_INGESTION_" + setting] = value;
        return process;
    }

    /// <summary>Starts the first ingestion, and waits until it has made the tables that a test asks.</summary>
    public async Task StartAsync(IngestionProcess replica)
    {
        await replica.StartAsync();
        await WaitForAsync(replica, IngestionServers.TablesAreMade, 1);
    }

    /// <summary>Waits until the engine answers the query with the number.</summary>
    public Task WaitForAsync(IngestionProcess ingestion, string sql, long expected) =>
        IngestionServers.WaitForAsync(Engine, ingestion, sql, expected);
}
