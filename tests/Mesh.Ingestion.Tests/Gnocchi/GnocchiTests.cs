using System.Text.Json;
using Mesh.Ingestion.Gnocchi;
using Mesh.Ingestion.Scraping;
using Mesh.Ingestion.Tests.Scraping;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Gnocchi;

[Trait("Needs", "servers")]
public sealed class GnocchiTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    [Fact]
    public async Task Its_metrics_are_read_once_each_and_then_what_is_new()
    {
        using var gnocchi = new RecordedGnocchi(TimeProvider.System.GetUtcNow());
        var targets = new TargetClient(servers.Channel);
        // A reading asks a dozen times, and all answers must come within the interval.
        await targets.CreateAsync("gnocchi", "cloud", gnocchi.Address.ToString(), seconds: 30, Target.Types.Kind.Gnocchi);
        await ReadUntilAsync(targets, "gnocchi_cpu_util", 11);
        await servers.WaitForAsync(Count("gnocchi_memory_usage"), 2);
        await servers.WaitForAsync(Count("gnocchi_measure"), 3);
        await targets.WaitAsync("gnocchi", "cloud", Target.Types.State.Up, "");
        Assert.Equal(1, await servers.Engine.NumberAsync($$"""
            select count() from series final where tenant = 'gnocchi' and metric = 'gnocchi_cpu_util' and labels = map(
                'aggregation', 'mean', 'archive_policy', 'high', 'instance', '{{gnocchi.Address.Authority}}', 'job', 'cloud',
                'metric_id', '{{RecordedGnocchi.Cpu}}', 'resource_id', '5b8a6cc0-7c7c-4c9d-9a3d-5d0c6b8f1a01', 'unit', '%')
            """));
        Assert.Equal(1, await servers.Engine.NumberAsync(
            "select max(time) < now() - interval 5 minute and max(value) = 118.5 and min(value) = 103.5 from samples where series in (select id from series where metric = 'gnocchi_cpu_util')"));

        // Asked again and again, it is written once; and what is new is written when it is there.
        await ReadAgainAsync(targets, gnocchi);
        gnocchi.Add(RecordedGnocchi.Cpu, 7.25);
        await ReadUntilAsync(targets, "gnocchi_cpu_util", 12);
        await ReadAgainAsync(targets, gnocchi);
        Assert.Equal(12, await servers.Engine.NumberAsync(Count("gnocchi_cpu_util")));
        Assert.Equal(3, await servers.Engine.NumberAsync(Count("gnocchi_measure")));
    }

    [Theory]
    [InlineData("0:00:01", 1.0)]
    [InlineData("0:05:00", 300.0)]
    [InlineData("1 day, 0:00:00", 86400.0)]
    [InlineData("30 days, 1:00:00", 2595600.0)]
    [InlineData("0:00:00.100000", 0.1)]
    [InlineData("300.0", 300.0)]
    [InlineData("", null)]
    [InlineData("-1", null)]
    [InlineData("soon", null)]
    public void A_span_is_read_in_each_of_its_forms(string text, double? seconds) => Assert.Equal(seconds, GnocchiMetric.SpanOf(text)?.TotalSeconds);

    [Theory]
    [InlineData("""{"id":"../x","archive_policy":{"aggregation_methods":["mean"],"definition":[{"granularity":"0:01:00"}]}}""")]
    [InlineData("""{"id":"f510ebc9-755a-4d0d-9bf6-e8ec6c562a44","archive_policy":{"aggregation_methods":["std"],"definition":[{"granularity":"0:01:00"}]}}""")]
    [InlineData("""{"id":"f510ebc9-755a-4d0d-9bf6-e8ec6c562a44","archive_policy":{"aggregation_methods":["mean"],"definition":[{"granularity":"0:00:00.1"}]}}""")]
    [InlineData("""{"id":"f510ebc9-755a-4d0d-9bf6-e8ec6c562a44","archive_policy":"low"}""")]
    [InlineData("""{"id":5,"archive_policy":{"aggregation_methods":7,"definition":{}}}""")]
    public void A_metric_that_cannot_be_read_is_left_out(string entry) => Assert.Null(GnocchiMetric.Of(JsonSerializer.Deserialize<JsonElement>(entry)));

    [Theory]
    [InlineData("{}")]
    [InlineData("[[1,2,3]]")]
    [InlineData("""[["2026-11-21T10:17:00+00:00",60]]""")]
    [InlineData("""[["+00:00",60,1]]""")]
    [InlineData("""[["2026-11-21T10:17:00+00:00","60",1]]""")]
    public void Measures_that_are_no_triples_are_refused(string answer) => Assert.Throws<ScrapeException>(
        () => GnocchiMeasures.Read(JsonSerializer.Deserialize<JsonElement>(answer), TimeSpan.FromMinutes(1), 0, long.MaxValue));

    [Fact]
    public void Measures_of_other_spans_and_without_a_value_are_left_out()
    {
        var answer = JsonSerializer.Deserialize<JsonElement>("""
            [["2026-11-21T10:00:00+00:00",3600.0,1.0],["2026-11-21T10:18:00+00:00",60.0,3.0],["2026-11-21T10:17:00+00:00",60.0,2.0],["2026-11-21T10:19:00+00:00",60.0,null]]
            """);
        var from = DateTimeOffset.Parse("2026-11-21T10:17:00Z", System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
        Assert.Equal([(from, 2.0), (from + 60_000, 3.0)], GnocchiMeasures.Read(answer, TimeSpan.FromMinutes(1), from, from + 120_000));
        Assert.Equal([(from + 60_000, 3.0)], GnocchiMeasures.Read(answer, TimeSpan.FromMinutes(1), from + 1, from + 120_000));
    }

    private Task ReadUntilAsync(TargetClient targets, string metric, long expected) => targets.ReadUntilAsync(
        "gnocchi", "cloud", $"{expected} samples of {metric} are in the table", async () => await servers.Engine.NumberAsync(Count(metric)) == expected);

    private static async Task ReadAgainAsync(TargetClient targets, RecordedGnocchi gnocchi)
    {
        var asked = gnocchi.Asked.Count;
        await targets.ReadUntilAsync("gnocchi", "cloud", "it is asked again", () => Task.FromResult(gnocchi.Asked.Count > asked + 12));
    }

    private static string Count(string metric) =>
        $"select count() from samples where tenant = 'gnocchi' and series in (select id from series where tenant = 'gnocchi' and metric = '{metric}')";
}
