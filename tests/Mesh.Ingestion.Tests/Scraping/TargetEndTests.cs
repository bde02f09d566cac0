using System.Text;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Testing;
using State = Mesh.Ingestion.V1.Target.Types.State;

namespace Mesh.Ingestion.Tests.Scraping;

/// <summary>
/// A series ends by one stale marker, whichever replica reads its target then; one that goes on has none. A busy machine may
/// find the target down in between, which ends all that it shows until it is up again.
/// </summary>
[Trait("Needs", "servers")]
public sealed class TargetEndTests(ReplicaServers servers) : IClassFixture<ReplicaServers>
{
    private const string IsEnd = "reinterpretAsUInt64(value) = 0x7ff0000000000002";

    private const string EndedTwice = $"""
        select countIf(ends and before) from
        (
            select {IsEnd} as ends, lagInFrame(ends) over (partition by series order by time rows between 1 preceding and current row) as before
            from samples where tenant = 'moves'
        )
        """;

    private static readonly (string, string)[] s_quick = [("BATCH_MILLISECONDS", "100")];

    private const string Plain = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n";

    [Fact]
    public async Task Series_end_once_over_moves_of_the_turn_and_the_deletion_of_the_target()
    {
        using var raw = new RawTarget();
        await using var first = servers.Replica("first", settings: s_quick);
        await using var second = servers.Replica("second", settings: s_quick);
        await servers.StartAsync(first);
        Show(raw, "kept 1\ngone 1\n");
        using (var channel = first.Connect())
            await new TargetClient(channel).CreateAsync("moves", "app", raw.Address + "app", seconds: 10);
        await servers.WaitForAsync(first, Some("gone", 1), 1);

        // What the dead replica has read ends with the next one's reading. A turn that follows has seen the one before to its end.
        await ReadAsync(raw, first, 2);
        await first.KillAsync();
        Show(raw, "kept 1\nborn 1\n");
        await second.StartAsync();
        await ReadAsync(raw, second, 1);
        await servers.WaitForAsync(second, Ended("gone"), 1);

        // With both, turns go to and fro.
        await first.StartAsync();
        await ReadAsync(raw, second, 6);
        Show(raw, "kept 1\n");
        await ReadAsync(raw, second, 6);
        await servers.WaitForAsync(second, Ended("born"), 1);

        // A target that is down ends what it showed; it is not ended again while it stays so.
        raw.On("app", Encoding.UTF8.GetBytes("HTTP/1.1 500 Broken\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
        await ReadAsync(raw, second, 6);
        await servers.WaitForAsync(second, Ended("kept"), 1);
        Show(raw, "kept 2\n");
        await ReadAsync(raw, second, 1);
        await servers.WaitForAsync(second, Some("kept", 2), 1);

        // Deleted over one replica while the other one, which may have read it last, is dead.
        await first.KillAsync();
        using (var channel = second.Connect())
        {
            var targets = new TargetClient(channel);
            await targets.WaitAsync("moves", "app", State.Up, "");
            await targets.DeleteAsync("moves", "app");
        }

        await servers.WaitForAsync(second, Ended("kept"), 1);
        await servers.WaitForAsync(second, Ended("up"), 1);
        await first.StartAsync();
        await first.DrainedAsync();
        foreach (var metric in new[] { "gone", "born", "kept", "up" })
            Assert.Equal(1, await servers.Engine.NumberAsync(Ended(metric)));
        Assert.Equal(0, await servers.Engine.NumberAsync(EndedTwice));
        Assert.Equal(0, await servers.Engine.NumberAsync("select count() - uniqExact(series, time) from samples where tenant = 'moves'"));
        var downs = await servers.Engine.NumberAsync(Select("countIf(value = 0)", "up"));
        Assert.InRange(await servers.Engine.NumberAsync(Select($"countIf({IsEnd})", "kept")), 2, downs + 1);
    }

    private static void Show(RawTarget raw, string text) => raw.On("app", Encoding.UTF8.GetBytes(Plain + text));

    // A target that is changed is read at once, by whichever replica comes first.
    private static async Task ReadAsync(RawTarget raw, IngestionProcess over, int times)
    {
        using var channel = over.Connect();
        for (var i = 0; i < times; i++)
        {
            var before = raw.Asked("app");
            await new TargetClient(channel).TouchAsync("moves", "app");
            await Wait.UntilAsync("the target is read", () => raw.Asked("app") > before);
        }
    }

    private static string Ended(string metric) => Select($"argMax({IsEnd}, time)", metric);

    private static string Some(string metric, int value) => Select($"countIf(value = {value}) > 0", metric);

    private static string Select(string what, string metric) =>
        $"select {what} from samples where tenant = 'moves' and series in (select id from series where tenant = 'moves' and metric = '{metric}')";
}
