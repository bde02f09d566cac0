using Mesh.Agent.Telemetry;

namespace Mesh.Agent.Tests.Telemetry;

public sealed class PrometheusTextTests
{
    [Theory]
    [InlineData("up 1", "up", 1)]
    [InlineData("a:b_c{} 2.5e3 ", "a:b_c", 2500)]
    [InlineData("x{l=\"v\"} +Inf", "x", double.PositiveInfinity)]
    [InlineData("x{l=\"v\",} NaN", "x", double.NaN)]
    public void Well_formed_lines_are_read(string line, string metric, double value)
    {
        var sample = Assert.Single(PrometheusText.Parse(line, 10).Samples);

        Assert.Equal(metric, sample.Metric);
        Assert.Equal(value, sample.Value);
    }

    [Fact]
    public void Labels_times_comments_and_escapes_are_read()
    {
        var (samples, malformed) = PrometheusText.Parse("# HELP x text\n# TYPE x counter\nx{a=\"1\\\"2\\\\3\\n4\", b = \"}\"} 7 1700000000000\r\n\n", 10);
        var sample = Assert.Single(samples);

        Assert.Equal(0, malformed);
        Assert.Equal([new("a", "1\"2\\3\n4"), new("b", "}")], sample.Labels);
        Assert.Equal(1700000000000, sample.TimeMillis);
    }

    [Theory]
    [InlineData("1x 2")]
    [InlineData("x")]
    [InlineData("x{a=1} 2")]
    [InlineData("x{a=\"1\" 2")]
    [InlineData("x{a=\"1} 2")]
    [InlineData("x 2 3 4")]
    [InlineData("x two")]
    public void Malformed_lines_cost_only_themselves(string line)
    {
        var (samples, malformed) = PrometheusText.Parse($"{line}\ngood 1", 10);

        Assert.Equal("good", Assert.Single(samples).Metric);
        Assert.Equal(1, malformed);
    }

    [Fact]
    public void No_more_samples_are_taken_than_allowed() => Assert.Equal(2, PrometheusText.Parse("a 1\nb 1\nc 1", 2).Samples.Count);
}
