using Mesh.Ingestion.Series;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Tests.Series;

public sealed class SeriesTests
{
    [Fact]
    public void Labels_in_any_order_and_empty_ones_give_the_same_id()
    {
        var random = new Random(3);
        var labels = Enumerable.Range(0, 20).Select(i => ($"label_{i}", $"value {i}")).ToArray();
        var expected = IdOf("acme", "up", labels);
        for (var round = 0; round < 100; round++)
        {
            random.Shuffle(labels);
            Assert.Equal(expected, IdOf("acme", "up", [.. labels, ("empty", "")]));
        }

        Assert.NotEqual(expected, IdOf("other", "up", labels));
        Assert.NotEqual(expected, IdOf("acme", "down", labels));
        Assert.NotEqual(IdOf("a", "b", ("c", "de")), IdOf("a", "b", ("cd", "e")));
    }

    [Fact]
    public void A_row_holds_what_was_declared()
    {
        using var builder = new SeriesBuilder();
        builder.Begin("acme", "up");
        builder.Label("b", "2");
        builder.Label("a", "ä");
        Assert.Equal(RejectionReason.None, builder.Finish(out var id));
        var block = new TelemetryBatch().Series;
        SeriesBuilder.AddRow(block, id, builder.Form, 7);
        Assert.Equal("acme"u8, block.Tenant[0]);
        Assert.Equal("up"u8, block.Metric[0]);
        Assert.Equal([new("a", "ä"), new("b", "2")], block.Labels.ReadAll().Single());
    }

    [Theory]
    [InlineData("1up", RejectionReason.InvalidMetricName)]
    [InlineData("", RejectionReason.InvalidMetricName)]
    [InlineData("a b", RejectionReason.InvalidMetricName)]
    [InlineData("ünit", RejectionReason.InvalidMetricName)]
    public void A_metric_that_cannot_be_is_told(string metric, RejectionReason reason)
    {
        using var builder = new SeriesBuilder();
        builder.Begin("acme", metric);
        Assert.Equal(reason, builder.Finish(out _));
    }

    [Fact]
    public void The_cache_knows_what_it_learned_until_the_day_ends()
    {
        var series = new SeriesCache(capacity: 1 << 12).Of("acme");
        var random = new Random(5);
        var ids = Enumerable.Range(0, 1000).Select(_ => (ulong)random.NextInt64(long.MinValue, long.MaxValue)).ToList();
        foreach (var id in ids)
        {
            Assert.False(series.Knows(id, 1));
            series.Learn(id, 1);
        }

        Assert.All(ids, id => Assert.True(series.Knows(id, 1)));
        Assert.All(ids, id => Assert.False(series.Knows(id, 2)));
        Assert.Equal(1000, series.CountOn(1));
        series.Learn(ids[0], 1);
        Assert.Equal(1000, series.CountOn(1));
        Assert.Equal(0, series.CountOn(2));
    }

    private static ulong IdOf(string tenant, string metric, params (string Name, string Value)[] labels)
    {
        using var builder = new SeriesBuilder();
        builder.Begin(tenant, metric);
        foreach (var (name, value) in labels)
            builder.Label(name, value);
        Assert.Equal(RejectionReason.None, builder.Finish(out var id));
        return id;
    }
}
