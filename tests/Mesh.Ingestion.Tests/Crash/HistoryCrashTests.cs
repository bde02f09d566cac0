using Mesh.Ingestion.Tests.Gnocchi;
using Mesh.Ingestion.Tests.Scraping;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Crash;

/// <summary>A target's history is written once, wherever a reading is cut off by kill -9.</summary>
[Trait("Needs", "servers")]
public sealed class HistoryCrashTests : IAsyncLifetime
{
    // What the recorded Gnocchi has at first.
    private const int Recorded = 16;

    private readonly ReplicaServers _servers = new();
    private readonly RecordedGnocchi _gnocchi = new(TimeProvider.System.GetUtcNow());
    private int _expected = Recorded;

    public Task InitializeAsync() => _servers.InitializeAsync();

    public Task DisposeAsync()
    {
        _gnocchi.Dispose();
        return _servers.DisposeAsync();
    }

    [Fact]
    public async Task A_replica_that_starts_again_writes_each_value_once()
    {
        await using var ingestion = Replica("only");
        await StartAsync(ingestion);
        foreach (var trigger in new[] { HistoryCut.BeforePlan, HistoryCut.Planned, HistoryCut.Written })
        {
            await using var cut = await HistoryCut.ArmAsync(_servers.Postgres, trigger);
            Add();
            await ReadSoonAsync(ingestion);
            await cut.ReachedAsync();
            await ingestion.KillAsync();
            await cut.ReleaseAsync();
            Assert.Equal(trigger == HistoryCut.BeforePlan ? 0 : 1, await cut.PlansAsync());
            await ingestion.StartAsync();
            await CheckAsync(ingestion);
            Assert.Equal(0, await cut.PlansAsync());
        }
    }

    [Fact]
    public async Task A_replica_that_takes_over_writes_nothing_twice_and_leaves_nothing_out()
    {
        await using var first = Replica("first");
        await using var second = Replica("second");
        await StartAsync(first);
        foreach (var trigger in new[] { HistoryCut.Planned, HistoryCut.Written })
        {
            await using var cut = await HistoryCut.ArmAsync(_servers.Postgres, trigger);
            var unsettled = Add();
            await ReadSoonAsync(first);
            await cut.ReachedAsync();
            await first.KillAsync();
            await cut.ReleaseAsync();
            await second.StartAsync();
            var next = Add();
            await ReadUntilAsync(second, async () => await _servers.Engine.NumberAsync(CountOf(next)) == 1);

            // Only the first one's log can tell whether it has the value.
            Assert.True(trigger == HistoryCut.Written || await _servers.Engine.NumberAsync(CountOf(unsettled)) == 0);
            await first.StartAsync();
            await CheckAsync(first);
            Assert.Equal(0, await cut.PlansAsync());
            await second.StopAsync();
        }
    }

    [Fact]
    public async Task What_cannot_be_noted_as_written_is_not_written_again()
    {
        await using var ingestion = Replica("only");
        await StartAsync(ingestion);
        await using var cut = await HistoryCut.ArmAsync(_servers.Postgres, HistoryCut.Written);
        await using (var refusal = new Npgsql.NpgsqlConnection(_servers.Postgres))
        {
            await refusal.OpenAsync();
            await using var command = new Npgsql.NpgsqlCommand(
                "create or replace function ingestion.cut() returns trigger language plpgsql as $$ begin raise 'not now'; end $$", refusal);
            await command.ExecuteNonQueryAsync();
        }

        var value = Add();
        await ReadUntilAsync(ingestion, async () => await _servers.Engine.NumberAsync(CountOf(value)) == 1);
        using var channel = ingestion.Connect();
        await new TargetClient(channel).WaitAsync("history", "cloud", Target.Types.State.Down, "could not be read");
        await cut.ReleaseAsync();
        await CheckAsync(ingestion);
        Assert.Equal(0, await cut.PlansAsync());
    }

    private IngestionProcess Replica(string name) => _servers.Replica(name, settings: ("BATCH_MILLISECONDS", "100"));

    private async Task StartAsync(IngestionProcess ingestion)
    {
        await _servers.StartAsync(ingestion);
        using var channel = ingestion.Connect();
        await new TargetClient(channel).CreateAsync("history", "cloud", _gnocchi.Address.ToString(), seconds: 20, Target.Types.Kind.Gnocchi);
        await CheckAsync(ingestion);
    }

    // One more value, which no other one is like.
    private double Add()
    {
        var value = 1_000 + ++_expected;
        _gnocchi.Add(RecordedGnocchi.Cpu, value);
        return value;
    }

    // Each reading writes one `up` behind what it brings, and the log is written to the table in its order: so what later
    // readings bring once more is there too.
    private async Task CheckAsync(IngestionProcess ingestion)
    {
        const string read = "select count() from samples where value = 1 and series in (select id from series where metric = 'up')";
        await ReadUntilAsync(ingestion, async () => await _servers.Engine.NumberAsync(Values("count()")) >= _expected);
        var before = await _servers.Engine.NumberAsync(read);
        await ReadUntilAsync(ingestion, async () => await _servers.Engine.NumberAsync(read) >= before + 3);
        Assert.Equal(_expected, await _servers.Engine.NumberAsync(Values("count()")));
        Assert.Equal(_expected, await _servers.Engine.NumberAsync(Values("uniqExact(series, time)")));
    }

    private static async Task ReadSoonAsync(IngestionProcess ingestion)
    {
        using var channel = ingestion.Connect();
        await new TargetClient(channel).TouchAsync("history", "cloud");
    }

    private static async Task ReadUntilAsync(IngestionProcess ingestion, Func<Task<bool>> condition)
    {
        using var channel = ingestion.Connect();
        var targets = new TargetClient(channel);
        var error = "";
        try
        {
            await Wait.UntilAsync("it is read", async () =>
            {
                error = (await targets.ReadAsync("history", "cloud")).LastError;
                return await condition();
            });
        }
        catch (TimeoutException exception)
        {
            Assert.Fail($"{exception.Message}; the target's error: `{error}`\n{ingestion.Output}");
        }
    }

    private static string CountOf(double value) => Values("count()") + FormattableString.Invariant($" and value = {value}");

    private static string Values(string what) =>
        $"select {what} from samples where tenant = 'history' and series in (select id from series where metric like 'gnocchi_%')";
}
