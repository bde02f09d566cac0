using Google.Protobuf.WellKnownTypes;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;
using Npgsql;

namespace Mesh.Ingestion.Tests.Alerts;

[Trait("Needs", "servers")]
public sealed class AlertReleaseTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private EngineProcess _engine = null!;
    private string _postgres = "";

    public async Task InitializeAsync()
    {
        _engine = new EngineProcess(Path.Combine(_folder.Path, "clickhouse"));
        await _engine.StartAsync();
        _postgres = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
    }

    public async Task DisposeAsync()
    {
        await _engine.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_replica_that_is_asked_to_end_gives_its_turns_to_another()
    {
        using var proxy = new HoldingProxy(_engine.Address);
        await using var a = Replica("a", proxy.Address);
        await using var b = Replica("b", _engine.Address);
        await a.StartAsync();
        using var channel = a.Connect();
        await AlertServers.CreateAsync(new AlertService.AlertServiceClient(channel), "turns", new AlertPolicy
        {
            Absence = new() { Selector = "silence", Window = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) },
        });
        await AlertServers.UntilAsync<object>(async () => (await PolicyAsync()).Evaluated is null ? null : this);

        // The evaluation hangs, and the turn is the first replica's for an hour.
        proxy.Hold();
        var held = await AlertServers.UntilAsync(async () => await PolicyAsync() is { IsTaken: true } policy && proxy.Held > 0 ? policy : null);
        await b.StartAsync();
        await a.StopAsync();
        await AlertServers.UntilAsync<object>(async () =>
            await PolicyAsync() is var policy && policy.Number > held.Number && policy.Evaluated > held.Evaluated ? policy : null);
    }

    private IngestionProcess Replica(string name, Uri clickHouse)
    {
        var process = new IngestionProcess(Path.Combine(_folder.Path, name), clickHouse, _postgres);
        process.Settings["MESH_INGESTION_ALERT_MILLISECONDS"] = "300";
        process.Settings["MESH_INGESTION_ALERT_LEASE_MILLISECONDS"] = "3600000";
        return process;
    }

    private async Task<Policy> PolicyAsync()
    {
        const string sql = """
            set app.tenant = '*';
            select evaluation, evaluate_time, next_evaluation_time > now() + interval '30 minutes' from ingestion.alert_policies
            """;
        await using var source = NpgsqlDataSource.Create(_postgres);
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        return new(reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetDateTime(1), reader.GetBoolean(2));
    }

    private sealed record Policy(long Number, DateTime? Evaluated, bool IsTaken);
}
