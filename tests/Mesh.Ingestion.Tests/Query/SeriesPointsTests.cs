using Mesh.Ingestion.Query;
using Mesh.Ingestion.V1;

namespace Mesh.Ingestion.Tests.Query;

/// <summary>The points of a series, beside a model that looks at every sample for every point.</summary>
public sealed class SeriesPointsTests
{
    private static readonly double s_stale = BitConverter.Int64BitsToDouble(0x7FF0_0000_0000_0002);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Points_are_those_of_the_model(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            foreach (var function in Enum.GetValues<SeriesFunction>())
            {
                var query = new MetricQuery(
                    "t", Selector.Parse("m", "selector"), random.Next(-50, 400_000), random.Next(1, 90_000), random.Next(1, 60), function,
                    random.Next(1, 200_000), Aggregation.Unspecified, [], 0, 10);
                var points = new SeriesPoints(query);
                // What was reckoned for one series must not be seen in the next.
                for (var series = 0; series < 2; series++)
                {
                    var samples = Samples(random);
                    foreach (var (time, value) in samples)
                        points.Add(SampleRow.Of(time, value));
                    var response = new QueryMetricsResponse();
                    points.MoveTo(response);
                    var expected = Model(query, samples).ToList();
                    Assert.Equal(expected.Select(point => point.Time), response.TimesMillis);
                    Assert.All(expected.Zip(response.Values), pair => Assert.Equal(pair.First.Value, pair.Second, 6));
                }
            }
        }
    }

    [Fact]
    public void A_value_that_is_no_number_is_neither_least_nor_greatest()
    {
        var rows = new[] { 3, double.NaN, 5 }.Select(value => SampleRow.Of(1, value)).Aggregate(SampleRow.None, (left, right) => left.With(right));
        Assert.Equal((3, 5, 3), (rows.Min, rows.Max, rows.Count));
    }

    private static List<(long Time, double Value)> Samples(Random random)
    {
        var samples = new List<(long, double)>();
        var most = random.Next(1, 100_000);
        for (long at = random.Next(100_000); samples.Count < random.Next(1, 80); at += random.Next(most))
            samples.Add((at, random.Next(8) == 0 ? s_stale : random.Next(100)));
        return samples;
    }

    private static IEnumerable<(long Time, double Value)> Model(MetricQuery query, List<(long Time, double Value)> samples)
    {
        var real = samples.Where(sample => !double.IsNaN(sample.Value)).ToList();
        var growths = real.Select((sample, i) => (sample.Time, Value: i == 0 ? 0 : sample.Value < real[i - 1].Value ? sample.Value : sample.Value - real[i - 1].Value)).ToList();
        for (var k = 0; k < query.Points; k++)
        {
            var at = query.Start + k * query.Step;
            var last = samples.LastOrDefault(sample => sample.Time <= at && sample.Time > at - MetricQuery.LookBack, (0, s_stale)).Value;
            double[] Window(List<(long Time, double Value)> of) => [.. of.Where(s => s.Time <= at && s.Time > at - query.Window).Select(s => s.Value)];
            if (query.Function == SeriesFunction.Unspecified)
            {
                if (!double.IsNaN(last))
                    yield return (at, last);
            }
            else if (Window(real) is { Length: > 0 } values)
            {
                yield return (at, query.Function switch
                {
                    SeriesFunction.Rate => Window(growths).Sum() / query.Window * 1000,
                    SeriesFunction.Increase => Window(growths).Sum(),
                    SeriesFunction.AvgOverTime => values.Average(),
                    SeriesFunction.MinOverTime => values.Min(),
                    SeriesFunction.MaxOverTime => values.Max(),
                    SeriesFunction.CountOverTime => values.Length,
                    _ => values.Sum(),
                });
            }
        }
    }
}
