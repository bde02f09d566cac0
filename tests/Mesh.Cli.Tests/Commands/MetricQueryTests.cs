using Mesh.Cli.Commands;
using Mesh.Cli.Session;
using Mesh.Ingestion.V1;

namespace Mesh.Cli.Tests.Commands;

public sealed class MetricQueryTests
{
    [Theory]
    [InlineData("up", "up")]
    [InlineData("  http_requests_total{app=\"shop\",code=~\"5..\"} ", "http_requests_total{app=\"shop\",code=~\"5..\"}")]
    [InlineData("{app=\"shop\"}", "{app=\"shop\"}")]
    public void A_selector_alone(string query, string selector) =>
        Assert.Equal(new QueryMetricsRequest { Selector = selector }, MetricQuery.Parse(query));

    [Theory]
    [InlineData("rate(x[1m])", SeriesFunction.Rate, 60)]
    [InlineData("increase(x[90s])", SeriesFunction.Increase, 90)]
    [InlineData("avg_over_time(x[2h])", SeriesFunction.AvgOverTime, 7200)]
    [InlineData("min_over_time( x [1d] )", SeriesFunction.MinOverTime, 86400)]
    [InlineData("max_over_time(x[5000ms])", SeriesFunction.MaxOverTime, 5)]
    [InlineData("sum_over_time(x[5s])", SeriesFunction.SumOverTime, 5)]
    [InlineData("count_over_time(x[5s])", SeriesFunction.CountOverTime, 5)]
    public void A_function_over_a_window(string query, SeriesFunction function, int seconds)
    {
        var request = MetricQuery.Parse(query);
        Assert.Equal(("x", function, TimeSpan.FromSeconds(seconds)), (request.Selector, request.Function, request.Window.ToTimeSpan()));
        Assert.Equal(Aggregation.Unspecified, request.Aggregation);
    }

    [Theory]
    [InlineData("sum(rate(x{a=\"(b)\"}[1m]))", Aggregation.Sum, "")]
    [InlineData("avg by (process) (rate(x{a=\"(b)\"}[1m]))", Aggregation.Avg, "process")]
    [InlineData("min by(process, code)(rate(x{a=\"(b)\"}[1m]))", Aggregation.Min, "process|code")]
    [InlineData("max(rate(x{a=\"(b)\"}[1m])) by (process)", Aggregation.Max, "process")]
    [InlineData("count by () (rate(x{a=\"(b)\"}[1m]))", Aggregation.Count, "")]
    public void An_aggregation_around_a_function(string query, Aggregation aggregation, string by)
    {
        var request = MetricQuery.Parse(query);
        Assert.Equal(aggregation, request.Aggregation);
        Assert.Equal(by.Split('|', StringSplitOptions.RemoveEmptyEntries), request.By);
        Assert.Equal(("x{a=\"(b)\"}", SeriesFunction.Rate), (request.Selector, request.Function));
    }

    [Fact]
    public void An_unknown_function_is_wrong_usage_and_the_known_ones_are_named()
    {
        var error = Assert.Throws<CliException>(() => MetricQuery.Parse("irate(x[1m])"));
        Assert.Equal(ExitCodes.Usage, error.ExitCode);
        Assert.Contains("`irate`", error.Message, StringComparison.Ordinal);
        Assert.Contains("avg_over_time", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("m")]
    [InlineData("5 m")]
    [InlineData("-5m")]
    [InlineData("5w")]
    [InlineData("999999999999999999d")]
    public void A_malformed_span_is_wrong_usage(string text) =>
        Assert.Equal(ExitCodes.Usage, Assert.Throws<CliException>(() => MetricQuery.ParseSpan(text)).ExitCode);
}
