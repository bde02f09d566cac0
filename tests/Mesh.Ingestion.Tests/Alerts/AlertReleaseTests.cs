using Google.Protobuf.WellKnownTypes;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Npgsql;

namespace Mesh.Ingestion.Tests.Alerts;

[Trait("Needs", "servers")]
public sealed class AlertReleaseTests(ReplicaServers servers) : IClassFixture<ReplicaServers>
{
    private static readonly (string, string)[] s_settings = [("ALERT_MILLISECONDS", "300"), ("ALERT_LEASE_MILLISECONDS", "3600000")];

    [Fact]
    public async Task A_replica_that_is_asked_to_end_gives_its_turns_to_another()
    {
        using var proxy = new HoldingProxy(servers.Engine.Address);
        await using var a = servers.Replica("a", proxy.Address, settings: s_settings);
        await using var b = servers.Replica("b", settings: s_settings);
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

    private async Task<Policy> PolicyAsync()
    {
        const string sql = """
            set app.tenant = '*';
            select evaluation, evaluate_time, next_evaluation_time > now() + interval '30 minutes' from ingestion.alert_policies
            """;
        await using var source = NpgsqlDataSource.Create(servers.Postgres);
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        return new(reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetDateTime(1), reader.GetBoolean(2));
    }

    private sealed record Policy(long Number, DateTime? Evaluated, bool IsTaken);
}
