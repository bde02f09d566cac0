using Mesh.Common.Postgres;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Npgsql;

namespace Mesh.Ingestion.Tests.Alerts;

/// <summary>The tables of alerts, with nobody but the test at work on them.</summary>
public sealed class AlertTables : IAsyncLifetime
{
    private readonly ReplicaServers _servers = new();
    private NpgsqlDataSource _administrator = null!, _application = null!;

    public MeshDatabase Database { get; private set; } = null!;

    /// <summary>The pool that the service would have.</summary>
    public NpgsqlDataSource Source => _application;

    public async Task InitializeAsync()
    {
        await _servers.InitializeAsync();
        await using (var ingestion = _servers.Replica("a"))
        {
            // The tables are there as soon as the service answers.
            await ingestion.StartAsync();
            using var channel = ingestion.Connect();
            await new AlertService.AlertServiceClient(channel)
                .ListAlertPoliciesAsync(new ListAlertPoliciesRequest { Parent = "tenants/acme" }, IngestionProcess.Headers);
        }

        DapperTypes.Register();
        _administrator = NpgsqlDataSource.Create(_servers.Postgres);
        _application = PostgresSetup.ApplicationSource(_servers.Postgres, "ingestion");
        Database = new MeshDatabase(_application, SchemaReadiness.Open());
    }

    public async Task DisposeAsync()
    {
        await _application.DisposeAsync();
        await _administrator.DisposeAsync();
        await _servers.DisposeAsync();
    }

    /// <summary>The texts of a query's first column, out of the rows of all tenants.</summary>
    public async Task<List<string>> TextsAsync(string sql)
    {
        await using var command = _administrator.CreateCommand("set search_path = ingestion; set app.tenant = '*'; " + sql);
        await using var reader = await command.ExecuteReaderAsync();
        var texts = new List<string>();
        while (await reader.ReadAsync())
            texts.Add(reader.GetString(0));
        return texts;
    }

    /// <summary>A connection of its own that sees all tenants.</summary>
    public async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = await _administrator.OpenConnectionAsync();
        await using var command = new NpgsqlCommand("set search_path = ingestion; set app.tenant = '*'", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    /// <summary>A whole number out of the rows of all tenants.</summary>
    public async Task<long> NumberAsync(string sql)
    {
        await using var command = _administrator.CreateCommand("set search_path = ingestion; set app.tenant = '*'; " + sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
