using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using HistogramQuantile = Mesh.Ingestion.Query.HistogramQuantile;

namespace Mesh.Ingestion.Tests.Query;

[Trait("Needs", "servers")]
public sealed class MetricQueryTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    // A whole minute some minutes ago: points of the queries below fall on it.
    private static readonly long Start = (TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 60 - 20) * 60_000;

    [Fact]
    public async Task An_instant_looks_back_for_the_last_value_for_five_minutes()
    {
        await SendAsync("instant", [Sender.Series(1, "temperature", "room=hall")], (1, Start, 20), (1, Start + 30_000, 21));
        Assert.Equal([21], (await OneAsync(Instant("instant", "temperature", Start + 60_000))).Values);
        Assert.Equal([20], (await OneAsync(Instant("instant", "temperature{room='hall'}", Start + 29_999))).Values);
        Assert.Empty(await QueryAsync(Instant("instant", "temperature", Start - 1)));
        Assert.Equal([21], (await OneAsync(Instant("instant", "temperature", Start + 30_000 + 299_999))).Values);
        Assert.Empty(await QueryAsync(Instant("instant", "temperature", Start + 30_000 + 300_000)));
        Assert.Empty(await QueryAsync(Instant("instant", "temperature{room!='hall'}", Start + 60_000)));
        Assert.Single(await QueryAsync(Instant("instant", "{__name__=~'temp.*',room=~'h.*'}", Start + 60_000)));
    }

    [Fact]
    public async Task Times_that_no_clock_shows_are_no_fault_of_ours()
    {
        var request = new QueryMetricsRequest { Parent = "tenants/instant", Selector = "temperature", EndTime = new Timestamp { Seconds = long.MaxValue } };
        Assert.Empty(await QueryAsync(request));
        request.StartTime = new Timestamp { Seconds = long.MinValue, Nanos = -1 };
        Assert.Empty(await QueryAsync(request));
    }

    [Fact]
    public async Task A_range_carries_the_last_value_from_point_to_point()
    {
        await SendAsync("range", [Sender.Series(1, "level")], (1, Start, 1), (1, Start + 60_000, 2), (1, Start + 180_000, 3));
        var series = await OneAsync(Range("range", "level", 0, 240, 60));
        Assert.Equal("level", series.Metric);
        Assert.Equal([1, 2, 2, 3, 3], series.Values);
        Assert.Equal([Start, Start + 60_000, Start + 120_000, Start + 180_000, Start + 240_000], series.TimesMillis);
    }

    [Fact]
    public async Task Last_values_are_those_of_a_model()
    {
        const int Seed = 20_261;
        var random = new Random(Seed);
        var stale = BitConverter.Int64BitsToDouble(0x7FF0_0000_0000_0002);
        var rows = new List<(uint, long, double)>();
        for (var at = Start - 900_000L; at < Start + 900_000; at += random.Next(1, random.Next(2) == 0 ? 20_000 : 500_000))
            rows.Add(((uint)random.Next(1, 4), at, random.Next(8) == 0 ? stale : random.Next(100)));
        await SendAsync("model", [.. Enumerable.Range(1, 3).Select(i => Sender.Series((uint)i, "level", $"tank={i}"))], [.. rows]);
        foreach (var (from, to, step) in new[] { (-900, 900, 60), (-840, 1200, 7), (0, 600, 400), (-33, -33, 1) })
        {
            var points = Enumerable.Range(0, (to - from) / step + 1).Select(k => Start + (from + k * step) * 1000L).ToList();
            var expected = Enumerable.Range(1, 3).ToDictionary(
                tank => $"{tank}",
                tank => points.Select(t => (t, rows.LastOrDefault(row => row.Item1 == tank && row.Item2 <= t && row.Item2 > t - 300_000, (0u, 0L, stale)).Item3))
                    .Where(point => !double.IsNaN(point.Item2)).ToList());
            // The greatest means of more series than there are: the database carries the values on; without it, we do.
            foreach (var top in new[] { 0, 10 })
            {
                var query = Range("model", "level", from, to, step);
                query.Top = top;
                var actual = (await QueryAsync(query)).ToDictionary(series => series.Labels.Single().Value, series => series.TimesMillis.Zip(series.Values).ToList());
                Assert.Equal(expected.Where(series => series.Value.Count > 0).Select(series => series.Key).Order(), actual.Keys.Order());
                Assert.All(actual, series => Assert.Equal(expected[series.Key], series.Value));
            }
        }
    }

    [Fact]
    public async Task Few_series_are_reckoned_here_as_the_database_reckons_many()
    {
        const int Seed = 4_711;
        var random = new Random(Seed);
        var stale = BitConverter.Int64BitsToDouble(0x7FF0_0000_0000_0002);
        var rows = new List<(uint, long, double)>();
        for (var at = Start - 900_000L; at < Start + 900_000; at += random.Next(1, random.Next(2) == 0 ? 15_000 : 200_000))
            rows.Add(((uint)random.Next(1, 5), at, random.Next(8) == 0 ? stale : random.Next(-20, 100) / 4.0));
        await SendAsync("few", [.. Enumerable.Range(1, 4).Select(i => Sender.Series((uint)i, "level", $"tank={i}"))], [.. rows]);
        foreach (var function in System.Enum.GetValues<SeriesFunction>())
        {
            foreach (var (from, to, step, window) in new[] { (-840, 900, 60, 60), (-840, 900, 60, 240), (-840, 1200, 7, 61), (0, 600, 300, 40), (-33, -33, 1, 1000) })
            {
                var query = Range("few", "level", from, to, step);
                (query.Function, query.Window) = (function, Duration.FromTimeSpan(TimeSpan.FromSeconds(window)));
                var reckoned = await QueryAsync(query);
                // Where the order is by the values, the database reckons.
                query.Top = 10;
                var joined = (await QueryAsync(query)).ToDictionary(series => series.Labels.Single().Value);
                Assert.Equal(joined.Keys.Order(), reckoned.Select(series => series.Labels.Single().Value).Order());
                foreach (var series in reckoned)
                {
                    var other = joined[series.Labels.Single().Value];
                    Assert.Equal(other.TimesMillis, series.TimesMillis);
                    Assert.All(other.Values.Zip(series.Values), pair => Assert.Equal(pair.First, pair.Second, 9));
                }
            }
        }
    }

    [Fact]
    public async Task Counters_grow_over_resets_and_rates_are_per_second()
    {
        await SendAsync(
            "counter", [Sender.Series(1, "requests_total")],
            (1, Start, 100), (1, Start + 30_000, 160), (1, Start + 60_000, 20), (1, Start + 90_000, 80), (1, Start + 120_000, 80));
        var increase = Range("counter", "requests_total", 60, 120, 60);
        increase.Function = SeriesFunction.Increase;
        increase.Window = Duration.FromTimeSpan(TimeSpan.FromMinutes(1));
        Assert.Equal([80, 60], (await OneAsync(increase)).Values);

        increase.Function = SeriesFunction.Rate;
        var rates = (await OneAsync(increase)).Values;
        Assert.Equal(80 / 60.0, rates[0], 9);
        Assert.Equal(1, rates[1], 9);
    }

    [Fact]
    public async Task Rolled_up_minutes_tell_what_their_samples_tell()
    {
        var random = new Random(11);
        var rows = Enumerable.Range(0, 1200).Select(i => ((uint)(1 + i % 3), Start - 600_000 + i * 997L + (i % 60 == 0 ? -i * 997L % 60_000 : 0), i % 7 == 0 ? random.NextDouble() : random.Next(1000) / 100.0));
        await SendAsync("rollups", [.. Enumerable.Range(1, 3).Select(i => Sender.Series((uint)i, "level", $"tank={i}"))], [.. rows.OrderBy(row => row.Item2)]);
        foreach (var function in new[] { SeriesFunction.AvgOverTime, SeriesFunction.MinOverTime, SeriesFunction.MaxOverTime, SeriesFunction.SumOverTime, SeriesFunction.CountOverTime })
        {
            foreach (var window in new[] { 60, 180, 240 })
            {
                // A second off the minute, the samples themselves are asked; of minutes, the roll-ups. Both tell of the same points where no sample lies between.
                var ofMinutes = Range("rollups", "level", -540, 600, 60);
                (ofMinutes.Function, ofMinutes.Window) = (function, Duration.FromTimeSpan(TimeSpan.FromSeconds(window)));
                var ofSamples = ofMinutes.Clone();
                ofSamples.Step = Duration.FromTimeSpan(TimeSpan.FromSeconds(30));
                var expected = (await QueryAsync(ofSamples)).ToDictionary(series => series.Labels[0].Value, series => series.TimesMillis.Zip(series.Values).Where(p => (p.First - Start) % 60_000 == 0).ToList());
                var actual = await QueryAsync(ofMinutes);
                Assert.Equal(3, actual.Count);
                foreach (var series in actual)
                {
                    var points = expected[series.Labels[0].Value];
                    Assert.Equal(points.Select(p => p.First), series.TimesMillis);
                    Assert.All(points.Zip(series.Values), p => Assert.Equal(p.First.Second, p.Second, 9));
                }
            }
        }
    }

    [Fact]
    public async Task The_top_series_are_those_with_the_greatest_mean()
    {
        await SendAsync("top", [.. Enumerable.Range(1, 9).Select(i => Sender.Series((uint)i, "load", $"host=h{i}", $"rack=r{i % 2}"))],
            [.. Enumerable.Range(1, 9).SelectMany(i => new[] { ((uint)i, Start, i * 7 % 10 + 0.0), ((uint)i, Start + 60_000, i * 7 % 10 + 0.5) })]);
        var query = Range("top", "load", 0, 60, 60);
        query.Top = 3;
        Assert.Equal(["h7", "h4", "h1"], (await QueryAsync(query)).Select(series => series.Labels[0].Value));
        (query.Function, query.Window) = (SeriesFunction.AvgOverTime, Duration.FromTimeSpan(TimeSpan.FromMinutes(2)));
        Assert.Equal(["h7", "h4", "h1"], (await QueryAsync(query)).Select(series => series.Labels[0].Value));
        (query.Aggregation, query.Top) = (Aggregation.Max, 1);
        query.By.Add("rack");
        Assert.Equal(["r1"], (await QueryAsync(query)).Select(series => series.Labels[0].Value));
        query.Top = -1;
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => QueryAsync(query))).StatusCode);
    }

    [Fact]
    public async Task Windows_longer_than_a_step_overlap()
    {
        await SendAsync("windows", [Sender.Series(1, "load")], (1, Start, 1), (1, Start + 60_000, 3), (1, Start + 120_000, 8));
        var query = Range("windows", "load", 60, 180, 60);
        query.Window = Duration.FromTimeSpan(TimeSpan.FromMinutes(2));
        foreach (var (function, values) in new (SeriesFunction, double[])[]
        {
            (SeriesFunction.AvgOverTime, [2, 5.5, 8]),
            (SeriesFunction.MinOverTime, [1, 3, 8]),
            (SeriesFunction.MaxOverTime, [3, 8, 8]),
            (SeriesFunction.SumOverTime, [4, 11, 8]),
            (SeriesFunction.CountOverTime, [2, 2, 1]),
        })
        {
            query.Function = function;
            Assert.Equal(values, (await OneAsync(query)).Values);

            // One window by itself is read from the roll-ups, and says the same.
            var alone = Instant("windows", "load", Start + 120_000);
            (alone.Function, alone.Window) = (function, query.Window);
            Assert.Equal([values[1]], (await OneAsync(alone)).Values);
        }
    }

    [Fact]
    public async Task Series_are_joined_by_labels()
    {
        await SendAsync(
            "joined",
            [Sender.Series(1, "jobs", "app=a", "host=x"), Sender.Series(2, "jobs", "app=a", "host=y"), Sender.Series(3, "jobs", "app=b", "host=x")],
            (1, Start, 1), (2, Start, 2), (3, Start, 4));
        var query = Instant("joined", "jobs", Start);
        foreach (var (aggregation, value) in new[]
        {
            (Aggregation.Sum, 7.0), (Aggregation.Avg, 7 / 3.0), (Aggregation.Min, 1), (Aggregation.Max, 4), (Aggregation.Count, 3),
        })
        {
            query.Aggregation = aggregation;
            Assert.Equal(value, (await OneAsync(query)).Values.Single(), 9);
        }

        query.Aggregation = Aggregation.Sum;
        query.By.Add("app");
        var groups = await QueryAsync(query);
        Assert.Equal([("a", 3.0), ("b", 4.0)], groups.Select(group => (group.Labels.Single().Value, group.Values.Single())).Order());
    }

    [Fact]
    public async Task A_quantile_is_reckoned_from_the_buckets_of_a_histogram()
    {
        await SendAsync(
            "histogram",
            [
                Sender.Series(1, "latency_bucket", "le=0.1"), Sender.Series(2, "latency_bucket", "le=0.5"),
                Sender.Series(3, "latency_bucket", "le=+Inf"),
            ],
            (1, Start, 50), (2, Start, 90), (3, Start, 100));
        var query = Instant("histogram", "latency_bucket", Start);
        query.Aggregation = Aggregation.HistogramQuantile;
        query.Quantile = 0.7;
        Assert.Equal(0.1 + 0.4 * 20 / 40, (await OneAsync(query)).Values.Single(), 9);
    }

    [Fact]
    public async Task Limits_of_quantiles_are_those_of_histograms()
    {
        var series = Enumerable.Range(1, 3).SelectMany(app => new[] { "0.1", "0.5", "+Inf" }.Select((le, i) =>
            Sender.Series((uint)(10 * app + i), "took_bucket", $"app=a{app}", "le=" + le))).ToArray();
        // The third is slower than the second, and that one than the first.
        await SendAsync(
            "histograms", series,
            (10, Start, 100), (11, Start, 100), (12, Start, 100), (20, Start, 0), (21, Start, 10), (22, Start, 10), (30, Start, 0), (31, Start, 1), (32, Start, 4));
        var query = Instant("histograms", "took_bucket", Start);
        (query.Aggregation, query.Quantile, query.Limit) = (Aggregation.HistogramQuantile, 0.25, 3);
        query.By.Add("app");
        var all = (await QueryAsync(query)).Select(group => (group.Labels.Single().Value, Math.Round(group.Values.Single(), 9))).Order();
        Assert.Equal([("a1", 0.025), ("a2", 0.2), ("a3", 0.5)], all);
        query.Top = 2;
        Assert.Equal(["a3", "a2"], (await QueryAsync(query)).Select(group => group.Labels.Single().Value));
        (query.Top, query.Limit) = (0, 2);
        Assert.Equal("TOO_MANY_SERIES", (await Assert.ThrowsAsync<RpcException>(() => QueryAsync(query))).Reason());
    }

    [Fact]
    public void Buckets_that_were_read_at_different_times_make_a_quantile_all_the_same()
    {
        List<(double, double)> buckets = [(0.5, 40), (double.PositiveInfinity, 60), (0.1, 20), (0.1, 22), (1, 39)];
        Assert.Equal(0.1 * 30 / 42, HistogramQuantile.Quantile(buckets, 0.5), 9);
    }

    // What a selector matched before is guessed to be what it matches now; the guess must not show.
    [Fact]
    public async Task A_question_asked_again_sees_the_series_that_came_since()
    {
        var question = Range("again", "level{tank=~'.+'}", 0, 120, 60);
        Assert.Empty(await QueryAsync(question));
        for (var tank = 1; tank <= 3; tank++)
        {
            await SendAsync("again", [Sender.Series(1, "level", $"tank={tank}")], (1, Start, tank), (1, Start + 60_000, tank * 10));
            for (var time = 0; time < 2; time++)
            {
                var answer = (await QueryAsync(question)).OrderBy(series => series.Labels.Single().Value).ToList();
                Assert.Equal(Enumerable.Range(1, tank).Select(i => $"{i}"), answer.Select(series => series.Labels.Single().Value));
                Assert.All(answer.Select((series, i) => (series, i + 1)), found => Assert.Equal([found.Item2, found.Item2 * 10, found.Item2 * 10], found.series.Values));
            }
        }

        Assert.Empty(await QueryAsync(Range("another", "level{tank=~'.+'}", 0, 120, 60)));
    }

    [Fact]
    public async Task Another_tenants_series_are_not_seen()
    {
        await SendAsync("mine", [Sender.Series(1, "secret")], (1, Start, 1));
        Assert.Empty(await QueryAsync(Instant("yours", "secret", Start)));
        using var call = Client.ListSeries(new ListSeriesRequest { Parent = "tenants/yours" }, IngestionProcess.Headers);
        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
    }

    [Theory]
    [InlineData("up{", StatusCode.InvalidArgument)]
    [InlineData("up{a=~'('}", StatusCode.InvalidArgument)]
    [InlineData("up{a=~'b\\\\Z'}", StatusCode.InvalidArgument)]
    [InlineData("up{a=~'(?#b)'}", StatusCode.InvalidArgument)]
    [InlineData("", StatusCode.InvalidArgument)]
    [InlineData("up' or 1=1", StatusCode.InvalidArgument)]
    public async Task A_selector_that_cannot_be_read_is_told(string selector, StatusCode expected) =>
        Assert.Equal(expected, (await Assert.ThrowsAsync<RpcException>(() => QueryAsync(Instant("errors", selector, Start)))).StatusCode);

    [Fact]
    public async Task Hostile_values_stay_values()
    {
        await SendAsync("hostile", [Sender.Series(1, "up", "q=it's \\ \"odd\"\t\n")], (1, Start, 1));
        Assert.Single(await QueryAsync(Instant("hostile", "up{q=\"it's \\\\ \\\"odd\\\"\\t\\n\"}", Start)));
        Assert.Empty(await QueryAsync(Instant("hostile", "up{q=\"' or 1=1 --\"}", Start)));
    }

    [Fact]
    public async Task A_group_may_be_named_as_RE2_names_it()
    {
        await SendAsync("named", [Sender.Series(1, "up", "a=b")], (1, Start, 1));
        Assert.Single(await QueryAsync(Instant("named", "up{a=~'(?P<letter>b)'}", Start)));
    }

    [Fact]
    public async Task What_is_not_known_is_told()
    {
        foreach (var change in new Action<QueryMetricsRequest>[] { query => query.Function = (SeriesFunction)99, query => query.Aggregation = (Aggregation)99 })
        {
            var query = Instant("errors", "up", Start);
            change(query);
            Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => QueryAsync(query))).StatusCode);
        }
    }

    [Fact]
    public async Task Too_many_points_are_out_of_range()
    {
        var query = Range("errors", "up", 0, 20_000, 1);
        Assert.Equal(StatusCode.OutOfRange, (await Assert.ThrowsAsync<RpcException>(() => QueryAsync(query))).StatusCode);
    }

    private QueryService.QueryServiceClient Client => new(servers.Channel);

    private static QueryMetricsRequest Instant(string tenant, string selector, long milliseconds) => new()
    {
        Parent = "tenants/" + tenant,
        Selector = selector,
        EndTime = Timestamp.FromDateTimeOffset(DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)),
    };

    private static QueryMetricsRequest Range(string tenant, string selector, int fromSeconds, int toSeconds, int stepSeconds)
    {
        var query = Instant(tenant, selector, Start + toSeconds * 1000L);
        query.StartTime = Timestamp.FromDateTimeOffset(DateTimeOffset.FromUnixTimeMilliseconds(Start + fromSeconds * 1000L));
        query.Step = Duration.FromTimeSpan(TimeSpan.FromSeconds(stepSeconds));
        return query;
    }

    private async Task<QueryMetricsResponse> OneAsync(QueryMetricsRequest request) => Assert.Single(await QueryAsync(request));

    private async Task<List<QueryMetricsResponse>> QueryAsync(QueryMetricsRequest request)
    {
        using var call = Client.QueryMetrics(request, IngestionProcess.Headers);
        var series = new List<QueryMetricsResponse>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
            series.Add(call.ResponseStream.Current);
        return series;
    }

    // Rows of series that the tenant does not have yet.
    private async Task SendAsync(string tenant, SeriesDeclaration[] series, params (uint, long, double)[] rows)
    {
        var rolledUp = rows.Count(row => BitConverter.DoubleToInt64Bits(row.Item3) != 0x7FF0_0000_0000_0002);
        var expected = new List<(string Sql, long Count)>();
        foreach (var (sql, more) in new[]
        {
            ($"select count() from samples where tenant = '{tenant}'", rows.Length),
            ($"select sum(count) from samples_1m where tenant = '{tenant}'", rolledUp),
            ($"select uniq(id) from series where tenant = '{tenant}'", series.Length),
        })
        {
            expected.Add((sql, await servers.Engine.NumberAsync(sql) + more));
        }

        using var sender = await Sender.OpenAsync(servers, tenant);
        var ack = await sender.SendAsync(new Batch { Number = 1, Series = { series }, Samples = Sender.Samples(rows) });
        Assert.Empty(ack.Rejections);
        foreach (var (sql, count) in expected)
            await servers.WaitForAsync(sql, count);
    }
}
