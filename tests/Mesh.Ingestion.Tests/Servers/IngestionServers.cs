using Grpc.Net.Client;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Servers;

/// <summary>An engine and an ingestion of one test class's own.</summary>
public sealed class IngestionServers : IAsyncLifetime
{
    /// <summary>Answers 1 once all tables are there: this one is made last.</summary>
    public const string TablesAreMade = "select count() from system.tables where database = currentDatabase() and name = 'events'";

    private readonly TemporaryFolder _folder = new();

    public EngineProcess Engine { get; private set; } = null!;

    public IngestionProcess Ingestion { get; private set; } = null!;

    public GrpcChannel Channel { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Engine = new EngineProcess(Path.Combine(_folder.Path, "clickhouse"));
        await Engine.StartAsync();
        var postgres = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        Ingestion = new IngestionProcess(Path.Combine(_folder.Path, "ingestion"), Engine.Address, postgres);
        Ingestion.Settings["MESH_INGESTION_BATCH_MILLISECONDS"] = "100";
        Ingestion.Settings["MESH_INGESTION_ROLLUP_MILLISECONDS"] = "300";
        Ingestion.Settings["MESH_INGESTION_ALERT_MILLISECONDS"] = "300";
        await Ingestion.StartAsync();
        await WaitForAsync(TablesAreMade, 1);
        Channel = Ingestion.Connect();
    }

    public async Task DisposeAsync()
    {
        Channel.Dispose();
        await Ingestion.DisposeAsync();
        await Engine.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Waits until the engine answers the query with the number.</summary>
    public Task WaitForAsync(string sql, long expected) => WaitForAsync(Engine, Ingestion, sql, expected);

    public static async Task WaitForAsync(EngineProcess engine, IngestionProcess ingestion, string sql, long expected)
    {
        var found = -1L;
        for (var attempt = 0; attempt < 1200; attempt++)
        {
            found = await engine.NumberAsync(sql);
            if (found == expected)
                return;
            await Task.Delay(50);
        }

        Assert.Fail($"expected {expected} and found {found} for {sql}\n{ingestion.Output}");
    }
}
