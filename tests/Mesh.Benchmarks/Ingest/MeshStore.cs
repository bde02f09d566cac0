using System.Globalization;
using Mesh.Common.Auth;
using Mesh.Testing;

namespace Mesh.Benchmarks.Ingest;

/// <summary>Ingestion with its engine, PostgreSQL and Consul. What it acknowledges is durable.</summary>
internal sealed class MeshStore : ISide
{
    private readonly TestFolder _folder = new();

    private MeshStore(ClickHouseServer engine, ConsulAgent consul, PostgresServer postgres) => (Engine, Consul, Postgres) = (engine, consul, postgres);

    public ClickHouseServer Engine { get; }

    public MeshProcess Ingestion { get; private set; } = null!;

    public Uri WriteAddress => new(Ingestion.Address, "/api/v1/write");

    public string Token { get; } = ServiceToken.Create(new byte[32], "agent");

    public double IngestionMebibytes => ProcessCost.PeakMebibytes(Ingestion.Id);

    public ProcessTree Processes => new(Ingestion.Id, Engine.Id, Consul.Id, Postgres.Id);

    private ConsulAgent Consul { get; }

    private PostgresServer Postgres { get; }

    public static async Task<MeshStore> StartAsync()
    {
        var postgres = await PostgresServer.GetAsync();
        var store = new MeshStore(await ClickHouseServer.StartAsync(), await ConsulAgent.StartAsync(), postgres);
        store.Ingestion = await MeshProcess.StartAsync("Mesh.Ingestion", new Dictionary<string, string>
        {
            ["MESH_CONSUL"] = store.Consul.Address.ToString(),
            ["MESH_POSTGRES"] = await postgres.CreateDatabaseAsync(),
            ["MESH_CLICKHOUSE"] = store.Engine.Address.ToString(),
            ["MESH_CLUSTER_KEY"] = Convert.ToBase64String(new byte[32]),
            ["MESH_DATA"] = store._folder.Path,
            ["MESH_LOG_LEVEL"] = "Warning",
            ["MESH_INGESTION_TENANT_SAMPLES_PER_SECOND"] = "100000000",
            // The roll-ups of the last minute count too: they are not waited for a minute.
            ["MESH_INGESTION_ROLLUP_MILLISECONDS"] = "10000",
            ["MESH_INGESTION_TENANT_SERIES"] = "10000000",
        });
        return store;
    }

    /// <summary>Waits until all samples are in the tables and nothing is merged any more. What asking costs counts as ours, so little is asked.</summary>
    public async Task SettleAsync(long samples)
    {
        var atRest = $"""
            select (select sum(rows) from system.parts where active and database = currentDatabase() and table = 'samples') >= {samples}
                and (select count() from system.merges) = 0
            """;
        var quiet = 0;
        await Wait.UntilAsync("ingestion and the engine are at rest", async () =>
        {
            await Task.Delay(300);
            quiet = await Engine.QueryAsync(atRest) == "1" ? quiet + 1 : 0;
            return quiet >= 7 && await Engine.QueryAsync($"select sum(count) >= {samples} from samples_1m") == "1";
        }, TimeSpan.FromMinutes(3));
    }

    /// <summary>Waits until each day is one part, as it becomes five minutes after its last sample.</summary>
    public Task RestAsync() => Wait.UntilAsync("each day is one part", async () =>
    {
        await Task.Delay(1_000);
        return await Engine.QueryAsync("""
            select max(parts)
            from (select count() as parts from system.parts where active and database = currentDatabase() and table = 'samples' group by partition)
            """) == "1";
    }, TimeSpan.FromMinutes(15));

    public Task<string> PartsAsync(string table) =>
        Engine.QueryAsync($"select count() from system.parts where active and database = currentDatabase() and table = '{table}'");

    public async Task<Dictionary<string, long>> MergeAsync()
    {
        foreach (var table in new[] { "samples", "samples_1m", "series" })
            await Engine.QueryAsync($"optimize table {table} final");
        var sizes = await Engine.QueryAsync("select table, sum(bytes_on_disk) from system.parts where active and database = currentDatabase() group by table");
        return sizes.Split('\n').Select(line => line.Split('\t')).ToDictionary(row => row[0], row => long.Parse(row[1], CultureInfo.InvariantCulture));
    }

    /// <summary>How many samples differ from what was sent would show here: the rows, and the rows that the roll-ups stand for.</summary>
    public async Task CheckAsync(long samples)
    {
        foreach (var sql in new[] { "select count() from samples", "select sum(count) from samples_1m" })
        {
            var found = await Engine.QueryAsync(sql);
            if (found != samples.ToString(CultureInfo.InvariantCulture))
                throw new InvalidOperationException($"{sql}: {found} for {samples} acknowledged samples\n{Ingestion.Output}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Ingestion.DisposeAsync();
        await Engine.DisposeAsync();
        await Consul.DisposeAsync();
        _folder.Dispose();
    }
}
