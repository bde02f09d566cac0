using System.Globalization;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;
using Npgsql;

namespace Mesh.Ingestion.Tests.Alerts;

/// <summary>Two ingestions on one engine and one database.</summary>
public sealed class AlertServers : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private EngineProcess _engine = null!;

    public string Postgres { get; private set; } = "";

    public IngestionProcess A { get; private set; } = null!;

    public IngestionProcess B { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _engine = new EngineProcess(Path.Combine(_folder.Path, "clickhouse"));
        await _engine.StartAsync();
        Postgres = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        A = Replica("a");
        B = Replica("b");
        await A.StartAsync();
        await B.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await A.DisposeAsync();
        await B.DisposeAsync();
        await _engine.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>One row of ingestion's tables, of all tenants.</summary>
    public async Task<object?[]> RowAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(Postgres);
        await using var connection = await source.OpenConnectionAsync();
        await using var command = new NpgsqlCommand("set search_path = ingestion; set app.tenant = '*'; " + sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        if (!await reader.ReadAsync())
            return [];
        var row = new object[reader.FieldCount];
        reader.GetValues(row);
        return row;
    }

    /// <summary>Waits until something is so.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T?>> look)
        where T : class
    {
        for (var attempt = 0; attempt < 600; attempt++)
        {
            if (await look() is { } found)
                return found;
            await Task.Delay(100);
        }

        throw new TimeoutException("It never came to be.");
    }

    /// <summary>Waits until a policy has been evaluated some times more.</summary>
    public async Task EvaluateAsync(string tenant, int times)
    {
        var sql = $"select evaluation from alert_policies where tenant = '{tenant}'";
        var before = (long)(await RowAsync(sql))[0]!;
        await UntilAsync<object>(async () => (long)(await RowAsync(sql))[0]! >= before + times ? sql : null);
    }

    /// <summary>Waits until a number in ingestion's tables is as it should be.</summary>
    public Task WaitForAsync(string sql, long expected) =>
        UntilAsync<object>(async () => Convert.ToInt64((await RowAsync(sql))[0], CultureInfo.InvariantCulture) == expected ? sql : null);

    public static Task<Alert> AlertAsync(AlertService.AlertServiceClient client, string tenant, Alert.Types.State state) => UntilAsync(async () =>
        (await client.ListAlertsAsync(new ListAlertsRequest { Parent = "tenants/" + tenant, State = state }, IngestionProcess.Headers))
            .Alerts.FirstOrDefault());

    public static async Task<AlertPolicy> CreateAsync(AlertService.AlertServiceClient client, string tenant, AlertPolicy policy) =>
        (await client.CreateAlertPolicyAsync(
            new CreateAlertPolicyRequest { Parent = "tenants/" + tenant, AlertPolicyId = "p", AlertPolicy = policy }, IngestionProcess.Headers))
        .AlertPolicy;

    private IngestionProcess Replica(string name)
    {
        var process = new IngestionProcess(Path.Combine(_folder.Path, name), _engine.Address, Postgres);
        process.Settings["MESH_INGESTION_BATCH_MILLISECONDS"] = "100";
        process.Settings["MESH_INGESTION_ALERT_MILLISECONDS"] = "300";
        process.Settings["MESH_INGESTION_ALERT_LEASE_MILLISECONDS"] = "3000";
        process.Settings["MESH_INGESTION_ALERT_PURGE_MILLISECONDS"] = "200";
        process.Settings["MESH_INGESTION_WEBHOOK_TIMEOUT_MILLISECONDS"] = "10000";
        process.Settings["MESH_INGESTION_WEBHOOK_BACKOFF_MILLISECONDS"] = "50";
        process.Settings["MESH_INGESTION_WEBHOOK_ATTEMPTS"] = "5";
        return process;
    }
}
