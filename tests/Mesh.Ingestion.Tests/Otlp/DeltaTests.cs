using Google.Protobuf;
using Mesh.Ingestion.Otlp;
using Mesh.Ingestion.Tests.Receiving;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Metrics.V1;

namespace Mesh.Ingestion.Tests.Otlp;

public sealed class DeltaTests
{
    private readonly Rows _rows = new();
    private DeltaSums _sums = new(TimeProvider.System);
    private readonly ulong _now = (ulong)Rows.Now * 1_000_000;

    [Fact]
    public async Task Changes_are_added_up_and_a_repeated_point_is_not_added_again()
    {
        Assert.Equal("m_total{} 0\nm_total{} 3", await DecodeAsync(Delta(_now, 3, start: _now - 1_000_000_000)));
        Assert.Equal("m_total{} 7", await DecodeAsync(Delta(_now + 1, 4)));
        Assert.Equal("", await DecodeAsync(Delta(_now + 1, 4)));
        Assert.Equal("m_total{} 8", await DecodeAsync(Delta(_now + 2, 1)));
    }

    [Fact]
    public async Task What_did_not_become_durable_is_not_in_the_sum()
    {
        await DecodeAsync(Delta(_now, 3), commit: false);
        Assert.Equal("m_total{} 4", await DecodeAsync(Delta(_now + 1, 4)));
    }

    [Fact]
    public async Task Buckets_are_added_up_too()
    {
        Metric Histogram(ulong time, params ulong[] counts) => new()
        {
            Name = "h",
            Histogram = new Histogram
            {
                AggregationTemporality = AggregationTemporality.Delta,
                DataPoints = { new HistogramDataPoint { TimeUnixNano = time, Count = counts[0] + counts[1], BucketCounts = { counts }, ExplicitBounds = { 1 } } },
            },
        };
        await DecodeAsync(Histogram(_now, 1, 2));
        Assert.Equal("h_bucket{le=+Inf} 10\nh_bucket{le=1} 4\nh_count{} 10", await DecodeAsync(Histogram(_now + 1, 3, 4)));
    }

    [Fact]
    public async Task An_exponential_histogram_keeps_its_bounds_while_its_scale_changes()
    {
        Metric Exponential(int scale, int offset, params ulong[] counts) => new()
        {
            Name = "e",
            ExponentialHistogram = new ExponentialHistogram
            {
                AggregationTemporality = AggregationTemporality.Cumulative,
                DataPoints =
                {
                    new ExponentialHistogramDataPoint
                    {
                        TimeUnixNano = _now, Scale = scale, ZeroCount = 1, Count = 1 + counts.Aggregate((sum, count) => sum + count),
                        Positive = new() { Offset = offset, BucketCounts = { counts } },
                    },
                },
            },
        };
        // At scale 0 the bounds are 1, 2, 4; at scale 1 they are 1, √2, 2; scale 2 is brought down to 1.
        Assert.Equal("e_bucket{le=+Inf} 4\ne_bucket{le=0} 1\ne_bucket{le=1} 1\ne_bucket{le=2} 2\ne_bucket{le=4} 4\ne_count{} 4", await DecodeAsync(Exponential(0, 0, 1, 2)));
        var fine = await DecodeAsync(Exponential(1, 0, 1, 2));
        Assert.Equal("e_bucket{le=+Inf} 4\ne_bucket{le=0} 1\ne_bucket{le=1.4142135623730951} 2\ne_bucket{le=1} 1\ne_bucket{le=2} 4\ne_count{} 4", fine);
        Assert.Equal(fine, await DecodeAsync(Exponential(2, 0, 1, 0, 1, 1)));
        Assert.Equal(fine, await DecodeAsync(Exponential(20, 0, [1, .. new ulong[(1 << 19) - 1], 2])));
    }

    [Fact]
    public void Buckets_of_every_scale_are_in_order_and_bounded()
    {
        var random = new Fuzz(9).Random;
        for (var round = 0; round < 2_000; round++)
        {
            ExponentialHistogramDataPoint.Types.Buckets Buckets() => new()
            {
                Offset = random.Next(4) == 0 ? random.Next(int.MinValue, int.MaxValue) : random.Next(-200, 200),
                BucketCounts = { Enumerable.Range(0, random.Next(160)).Select(_ => (ulong)random.Next(3)) },
            };
            var point = new ExponentialHistogramDataPoint { Scale = random.Next(-12, 22), Positive = Buckets(), Negative = Buckets(), ZeroCount = (ulong)random.Next(2) };
            var counts = new SortedDictionary<double, ulong>();
            ExponentialBuckets.Gather(point, counts);
            var buckets = ExponentialBuckets.Cumulate(counts).ToList();
            Assert.Equal(buckets.OrderBy(bucket => bucket.Bound).Select(bucket => bucket.Count), buckets.Select(bucket => bucket.Count).Order());
            Assert.All(buckets, bucket => Assert.False(double.IsNaN(bucket.Bound)));
        }
    }

    [Fact]
    public async Task An_exponential_histogram_of_changes_is_added_up_bucket_by_bucket()
    {
        Metric Exponential(ulong time, int offset, ulong start, params ulong[] counts) => new()
        {
            Name = "e",
            ExponentialHistogram = new ExponentialHistogram
            {
                AggregationTemporality = AggregationTemporality.Delta,
                DataPoints =
                {
                    new ExponentialHistogramDataPoint
                    {
                        StartTimeUnixNano = start, TimeUnixNano = time, Count = counts.Aggregate((sum, count) => sum + count),
                        Positive = new() { Offset = offset, BucketCounts = { counts } },
                    },
                },
            },
        };
        // Bounds 1, 2, 4; each begins with a zero.
        Assert.Equal(
            "e_bucket{le=+Inf} 0\ne_bucket{le=+Inf} 3\ne_bucket{le=1} 0\ne_bucket{le=1} 0\ne_bucket{le=2} 0\ne_bucket{le=2} 1\n"
            + "e_bucket{le=4} 0\ne_bucket{le=4} 3\ne_count{} 0\ne_count{} 3",
            await DecodeAsync(Exponential(_now, 0, _now - 1_000_000_000, 1, 2)));
        // What holds nothing this time keeps its count; a bound that is new begins with what lay below it.
        var second = _now + 1_000_000_000;
        Assert.Equal(
            "e_bucket{le=+Inf} 8\ne_bucket{le=1} 0\ne_bucket{le=2} 1\ne_bucket{le=4} 3\ne_bucket{le=8} 3\ne_bucket{le=8} 8\ne_count{} 8",
            await DecodeAsync(Exponential(second, 2, _now, 5)));
        Assert.Equal("", await DecodeAsync(Exponential(second, 2, _now, 5)));
        Assert.Equal(
            "e_bucket{le=+Inf} 9\ne_bucket{le=1} 0\ne_bucket{le=2} 2\ne_bucket{le=4} 4\ne_bucket{le=8} 9\ne_count{} 9",
            await DecodeAsync(Exponential(second + 1, 0, second, 1)));
    }

    [Fact]
    public async Task After_a_restart_every_series_falls_to_zero_behind_its_last_point_and_counts_on()
    {
        const ulong Second = 1_000_000_000;
        var points = new List<(long Time, double Value)>();
        var last = _now - (10 * Second);
        for (var i = 0; i < 8; i++)
        {
            // The state of a new process, twice.
            if (i is 3 or 6)
                _sums = new DeltaSums(TimeProvider.System);
            await DecodeAsync(Delta(last + Second, i + 1, start: last));
            for (var row = 0; row < _rows.Batch.Samples.Rows; row++)
                points.Add((_rows.Batch.Samples.Time.Values[row], _rows.Batch.Samples.Value.Values[row]));
            last += Second;
        }

        // No time comes twice, and the increase as Prometheus computes it is the sum of all changes.
        Assert.Equal(points.Count, points.Select(point => point.Time).Distinct().Count());
        var increase = points.OrderBy(point => point.Time).Select(point => point.Value).ToList();
        var sum = 0.0;
        for (var i = 1; i < increase.Count; i++)
            sum += increase[i] >= increase[i - 1] ? increase[i] - increase[i - 1] : increase[i];
        Assert.Equal(36, sum);
    }

    private static bool IsDelta(Metric metric) => (metric.Sum?.AggregationTemporality ?? metric.Histogram?.AggregationTemporality
        ?? metric.ExponentialHistogram?.AggregationTemporality) == AggregationTemporality.Delta;

    private static Metric Delta(ulong time, long value, ulong start = 0) => new()
    {
        Name = "m",
        Sum = new Sum
        {
            IsMonotonic = true,
            AggregationTemporality = AggregationTemporality.Delta,
            DataPoints = { new NumberDataPoint { StartTimeUnixNano = start, TimeUnixNano = time, AsInt = value } },
        },
    };

    private async Task<string> DecodeAsync(Metric metric, bool commit = true)
    {
        var request = new ExportMetricsServiceRequest { ResourceMetrics = { new ResourceMetrics { ScopeMetrics = { new ScopeMetrics { Metrics = { metric } } } } } };
        using var session = await _sums.EnterAsync("acme");
        using var decoder = new OtlpMetrics("acme", _rows.Begin(), _rows.Labels, session);
        Assert.Equal(IsDelta(metric), OtlpMetrics.HasDeltas(request.ToByteArray()));
        decoder.Decode(request.ToByteArray());
        if (commit)
            session.Commit();
        return _rows.Describe();
    }
}
