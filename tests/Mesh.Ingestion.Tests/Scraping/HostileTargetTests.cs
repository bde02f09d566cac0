using System.IO.Compression;
using System.Text;
using Mesh.Ingestion.Tests.Servers;
using State = Mesh.Ingestion.V1.Target.Types.State;

namespace Mesh.Ingestion.Tests.Scraping;

[Trait("Needs", "servers")]
public sealed class HostileTargetTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    private const string Plain = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\n";

    [Fact]
    public async Task Whatever_a_target_answers_its_state_says_what_is_wrong_and_nothing_of_it_is_written()
    {
        using var raw = new RawTarget();
        var never = new TaskCompletionSource();
        raw.On("huge", EndlessAsync);
        raw.On("declared", Text(Plain + "Content-Length: 99999999999\r\n\r\nbad 1\n"));
        raw.On("bomb", [.. Text(Plain + "Content-Encoding: gzip\r\n\r\n"), .. Gzip(new byte[64 << 20])]);
        raw.On("torn", [.. Text(Plain + "Content-Encoding: gzip\r\n\r\n"), .. "no gzip at all"u8]);
        raw.On("encoded", Text(Plain + "Content-Encoding: br\r\n\r\nbad 1\n"));
        raw.On("closed", Text(Plain + "Content-Length: 100\r\n\r\nbad 1\n"));
        raw.On("cut", Text(Plain + "\r\nbad 1\nbad{a=\"2\"} 12"));
        raw.On("eof", Text(Plain.Replace("text/plain", "application/openmetrics-text; version=1.0.0", StringComparison.Ordinal) + "\r\nbad 1\n"));
        raw.On("html", Text(Plain.Replace("text/plain", "text/html", StringComparison.Ordinal) + "\r\n<html></html>\n"));
        raw.On("words", Text(Plain + "\r\nbad 1\nthis is no metric\n"));
        raw.On("bytes", [.. Text(Plain + "\r\nbad{a=\""), 0xff, 0xfe, .. "\"} 1\n"u8]);
        raw.On("moved", Text("HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " + servers.Engine.Address + "\r\n\r\n"));
        raw.On("failing", Text("HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
        raw.On("silent", async stream => await Task.WhenAny(never.Task, stream.ReadAsync(new byte[1]).AsTask()));
        raw.On("slow", TrickleAsync);

        var expected = new Dictionary<string, string>
        {
            ["huge"] = "more than 32 MiB", ["declared"] = "more than 32 MiB", ["bomb"] = "more than 32 MiB", ["torn"] = "cannot be unpacked",
            ["encoded"] = "`br`", ["closed"] = "prematurely", ["cut"] = "within a line", ["eof"] = "# EOF", ["html"] = "`text/html`",
            ["words"] = "line 2", ["bytes"] = "not UTF-8", ["moved"] = "redirects are not followed", ["failing"] = "503",
            ["silent"] = "not answer in time", ["slow"] = "not answer in time",
        };
        var targets = new TargetClient(servers.Channel);
        foreach (var id in expected.Keys)
            await targets.CreateAsync("hostile", id, raw.Address + id, id is "silent" or "slow" ? 1 : 10);

        // The platform's own database is no target, even where it would answer.
        await targets.CreateAsync("hostile", "inside", servers.Engine.Address + "?query=select+1", 10);
        expected["inside"] = "no address that may be asked";

        // Nor are Mesh's programs, however they are named.
        var own = servers.Ingestion.Address;
        await targets.CreateAsync("hostile", "own", new Uri(own, "/metrics").ToString(), 10);
        await targets.CreateAsync("hostile", "named", $"http://localhost:{own.Port}/healthz/live", 10);
        (expected["own"], expected["named"]) = ("403", "403");
        foreach (var (id, error) in expected)
            await targets.WaitAsync("hostile", id, State.Down, error);

        await servers.WaitForAsync(
            "select uniq(labels['job']) from series where tenant = 'hostile' and metric = 'up' and id in (select series from samples where value = 0)", expected.Count);
        Assert.Equal(0, await servers.Engine.NumberAsync(
            "select count() from samples where tenant = 'hostile' and series in (select id from series where metric = 'bad')"));
        never.SetResult();

        // The platform's own targets may be.
        await targets.CreateAsync("mesh", "own", new Uri(own, "/metrics").ToString(), 10);
        await targets.WaitAsync("mesh", "own", State.Up, "");
    }

    [Fact]
    public async Task A_reading_tells_of_itself_and_what_is_not_shown_any_more_ends()
    {
        using var raw = new RawTarget();
        raw.On("metrics", Text(Plain + "\r\nkept 1\ngone{a=\"1\"} 2\ngone{a=\"1\"} 3\nearlier 4 5\n"));
        var targets = new TargetClient(servers.Channel);
        // Read so seldom, it has as long to answer: one that is late would be down, and all its series would end.
        await targets.CreateAsync("ends", "app", raw.Address + "metrics", 10);
        // The line that says another time is too old to be kept: the rest is taken, and the state tells of it.
        await targets.WaitAsync("ends", "app", State.Up, "further back than data is kept");
        await servers.WaitForAsync(Having("up", "value = 1"), 1);
        await servers.WaitForAsync(Having("scrape_samples_scraped", "value = 4"), 1);
        await servers.WaitForAsync(Having("scrape_duration_seconds", "value > 0 and value < 60"), 1);
        await servers.WaitForAsync(Having("gone", "value = 2"), 1);

        raw.On("metrics", Text(Plain + "\r\nkept 1\n"));
        await servers.WaitForAsync(Having("gone", "reinterpretAsUInt64(value) = 0x7ff0000000000002"), 1);
        Assert.Equal(0, await servers.Engine.NumberAsync(Having("kept", "reinterpretAsUInt64(value) = 0x7ff0000000000002")));
        await targets.WaitAsync("ends", "app", State.Up, "");

        raw.On("metrics", Text("HTTP/1.1 500 Broken\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
        await servers.WaitForAsync(Having("kept", "reinterpretAsUInt64(value) = 0x7ff0000000000002"), 1);
        await servers.WaitForAsync(Having("up", "value = 0"), 1);
        await targets.WaitAsync("ends", "app", State.Down, "500");
        Assert.Equal(0, await servers.Engine.NumberAsync(Having("gone", "value = 3")));
    }

    private static string Having(string metric, string condition) =>
        $"select count() > 0 from samples where tenant = 'ends' and {condition} and series in (select id from series where tenant = 'ends' and metric = '{metric}')";

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static async Task EndlessAsync(Stream stream)
    {
        await stream.WriteAsync(Text(Plain + "\r\n"));
        var lines = Text(string.Concat(Enumerable.Repeat("bad 1\n", 10_000)));
        while (true)
            await stream.WriteAsync(lines);
    }

    private static async Task TrickleAsync(Stream stream)
    {
        await stream.WriteAsync(Text(Plain + "\r\n"));
        while (true)
        {
            await stream.WriteAsync("bad 1\n"u8.ToArray());
            await Task.Delay(20);
        }
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(target, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return target.ToArray();
    }
}
