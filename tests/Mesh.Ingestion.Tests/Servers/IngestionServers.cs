using Grpc.Net.Client;

namespace Mesh.Ingestion.Tests.Servers;

/// <summary>An engine and an ingestion of one test class's own.</summary>
public sealed class IngestionServers : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public IngestionServers()
    {
        Engine = new EngineProcess(Path.Combine(_folder.Path, "clickhouse"));
        Ingestion = new IngestionProcess(Path.Combine(_folder.Path, "ingestion"), Engine.Address);
        Ingestion.Settings["MESH_INGESTION_BATCH_MILLISECONDS"] = "100";
    }

    public EngineProcess Engine { get; }

    public IngestionProcess Ingestion { get; }

    public GrpcChannel Channel { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await Engine.StartAsync();
        await Ingestion.StartAsync();
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
    public async Task WaitForAsync(string sql, long expected)
    {
        var found = -1L;
        for (var attempt = 0; attempt < 400; attempt++)
        {
            found = await Engine.NumberAsync(sql);
            if (found == expected)
                return;
            await Task.Delay(50);
        }

        Assert.Fail($"expected {expected} and found {found} for {sql}\n{Ingestion.Output}");
    }
}
