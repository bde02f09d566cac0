using Mesh.Ingestion.Tests.Servers;
using Mesh.Testing;
using Npgsql;
using State = Mesh.Ingestion.V1.Target.Types.State;

namespace Mesh.Ingestion.Tests.Scraping;

/// <summary>Two replicas of ingestion on one database share the targets.</summary>
[Trait("Needs", "servers")]
public sealed class TargetReplicaTests(ReplicaServers servers) : IClassFixture<ReplicaServers>
{
    private const string Answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 8\r\n\r\nshown 1\n";

    [Fact]
    public async Task Each_target_is_read_by_one_at_a_time_and_by_another_when_that_one_dies_or_stops()
    {
        using var raw = new RawTarget();
        await using var first = servers.Replica("first");
        await using var second = servers.Replica("second");
        await first.StartAsync();
        using var channel = first.Connect();
        var targets = new TargetClient(channel);

        // Whoever asks for it is held, and so holds its turn.
        var held = new TaskCompletionSource();
        raw.On("held", async stream => await Task.WhenAny(held.Task, stream.ReadAsync(new byte[1]).AsTask()));
        await targets.CreateAsync("shared", "held", raw.Address + "held", 10);
        await Wait.UntilAsync("the first replica asks", () => raw.Asked("held") > 0);
        for (var i = 0; i < 8; i++)
        {
            raw.On($"t{i}", System.Text.Encoding.UTF8.GetBytes(Answer));
            await targets.CreateAsync("shared", $"t{i}", raw.Address + $"t{i}");
        }

        await second.StartAsync();
        await ReadAgainAsync(raw);

        // A replica that is gone at once: its turns end with their leases.
        await first.KillAsync();
        var asked = raw.Asked("held");
        await ReadAgainAsync(raw);
        await Wait.UntilAsync("the second replica asks for what the first one held", () => raw.Asked("held") > asked);

        // A replica that is stopped gives its turns back itself.
        asked = raw.Asked("held");
        await Wait.UntilAsync("the second replica holds the turn", async () =>
            await CountAsync("id = 'held' and lease_end is not null") == 1);
        await second.StopAsync();
        Assert.Equal(9, await CountAsync("lease_end is null"));
        await first.StartAsync();
        held.SetResult();
        raw.On("held", System.Text.Encoding.UTF8.GetBytes(Answer));
        await targets.WaitAsync("shared", "held", State.Up, "");
        await ReadAgainAsync(raw);
        Assert.Null(raw.AskedTwiceAtOnce);
    }

    private static async Task ReadAgainAsync(RawTarget raw)
    {
        for (var i = 0; i < 8; i++)
        {
            var (path, before) = ($"t{i}", raw.Asked($"t{i}"));
            await Wait.UntilAsync($"{path} is read again and again", () => raw.Asked(path) > before + 2);
        }
    }

    private async Task<long> CountAsync(string condition)
    {
        await using var connection = new NpgsqlConnection(servers.Postgres);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"select count(*) from ingestion.targets where {condition}", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
