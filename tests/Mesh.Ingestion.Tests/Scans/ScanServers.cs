using Grpc.Net.Client;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Scheduler.Tests.Service;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Scans;

/// <summary>An ingestion that finds a scheduler, and all that both need.</summary>
public sealed class ScanServers : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private EngineProcess _engine = null!;

    public SchedulerFixture Scheduler { get; } = new();

    public IngestionProcess Ingestion { get; private set; } = null!;

    public GrpcChannel Channel { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await Scheduler.InitializeAsync();
        _engine = new EngineProcess(Path.Combine(_folder.Path, "clickhouse"));
        await _engine.StartAsync();
        var postgres = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        Ingestion = new IngestionProcess(Path.Combine(_folder.Path, "ingestion"), _engine.Address, postgres);
        Ingestion.Settings["MESH_CONSUL"] = Scheduler.Consul.Address.ToString();
        Ingestion.Settings["MESH_ADVERTISE"] = "127.0.0.1";
        Ingestion.Settings["MESH_INGESTION_ALERT_MILLISECONDS"] = "300";
        await Ingestion.StartAsync();
        Channel = Ingestion.Connect();
    }

    public async Task DisposeAsync()
    {
        Channel.Dispose();
        await Ingestion.DisposeAsync();
        await _engine.DisposeAsync();
        await Scheduler.DisposeAsync();
        _folder.Dispose();
    }
}
