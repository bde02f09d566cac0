using Google.Protobuf;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Otlp;
using Mesh.Ingestion.Series;
using Mesh.Ingestion.Tests.Receiving;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Common.V1;
using OpenTelemetry.Proto.Metrics.V1;

namespace Mesh.Ingestion.Tests.Otlp;

public sealed class OtlpMetricsTests
{
    private const string Labels = "instance=one,job=shop";

    private readonly Rows _rows = new();

    [Fact]
    public void Every_kind_becomes_its_samples_and_a_second_time_from_what_is_known()
    {
        var request = OtlpRequests.Metrics(AggregationTemporality.Cumulative).ToByteArray();
        var nested = """nested={"x":"y","list":[7,"AQID"]}""";
        var first = Decode(request);
        foreach (var line in new[]
        {
            $"g_bytes{{{Labels},k=v1,{nested}}} 1", $"g_bytes{{{Labels},k=v2,{nested}}} 2", $"s_total{{{Labels},k=v3,{nested}}} 3",
            $"h_seconds_bucket{{{Labels},k=v,le=0.5}} 1", $"h_seconds_bucket{{{Labels},k=v,le=2}} 3", $"h_seconds_bucket{{{Labels},k=v,le=+Inf}} 6",
            $"h_seconds_count{{{Labels},k=v}} 6", $"h_seconds_sum{{{Labels},k=v}} 10.5", $"e_bucket{{{Labels},k=v,le=0}} 4",
            $"e_bucket{{{Labels},k=v,le=+Inf}} 7", $"e_count{{{Labels},k=v}} 7", $"e_sum{{{Labels},k=v}} 1",
            $"q{{{Labels},quantile=0.9}} 1.5", $"q_count{{{Labels}}} 2", $"q_sum{{{Labels}}} 3",
        })
            Assert.Contains(line, first.Split('\n'));

        // The second time no series is taken apart: the rows of today are not known, so all are there again, and are the same.
        Assert.Equal(first, Decode(request));
    }

    [Fact]
    public void Fields_may_come_in_any_order_and_packed_or_not()
    {
        // Temporality, resource and name stand behind what they are about; bounds and counts come one by one.
        var point = Fields((7, Fixed(BitConverter.DoubleToUInt64Bits(2))), (6, Fixed(1)), (6, Fixed(5)), (4, Fixed(6)), (3, Fixed((ulong)Rows.Now * 1_000_000)));
        byte[] histogram = [.. Fields((1, point)), 2 << 3, 2];
        byte[] metric = [.. Fields((9, histogram)), .. Fields((1, "h"u8.ToArray()))];
        var resource = new OpenTelemetry.Proto.Resource.V1.Resource { Attributes = { new KeyValue { Key = "service.name", Value = new AnyValue { StringValue = "shop" } } } };
        var request = Fields((1, [.. Fields((2, Fields((2, metric)))), .. Fields((1, resource.ToByteArray()))]));
        Assert.Equal("h_bucket{job=shop,le=+Inf} 6\nh_bucket{job=shop,le=2} 1\nh_count{job=shop} 6", Decode(request));
    }

    [Fact]
    public void What_nobody_can_name_or_add_up_is_refused_point_by_point()
    {
        var points = new[] { new NumberDataPoint { TimeUnixNano = (ulong)Rows.Now * 1_000_000, AsInt = 1 }, new NumberDataPoint { TimeUnixNano = (ulong)Rows.Now * 1_000_000, AsInt = 2 } };
        var scope = new ScopeMetrics
        {
            Metrics =
            {
                new Metric { Gauge = new Gauge { DataPoints = { points } } },
                new Metric { Name = "s", Sum = new Sum { DataPoints = { points } } },
                new Metric { Name = "g", Gauge = new Gauge { DataPoints = { points[0] } } },
            },
        };
        var builder = _rows.Begin();
        using var decoder = new OtlpMetrics("acme", builder, _rows.Labels, null);
        decoder.Decode(new ExportMetricsServiceRequest { ResourceMetrics = { new ResourceMetrics { ScopeMetrics = { scope } } } }.ToByteArray());
        Assert.Equal(4, decoder.RefusedPoints);
        Assert.Equal([(RejectionReason.InvalidMetricName, 2L), (RejectionReason.UnsupportedType, 2L)], builder.Rejections.Counts);
        Assert.Equal("g{} 1", _rows.Describe());
    }

    [Fact]
    public void A_request_of_known_series_allocates_nothing_for_each_sample()
    {
        var points = Enumerable.Range(0, 500).Select(i => new NumberDataPoint
        {
            TimeUnixNano = (ulong)Rows.Now * 1_000_000, AsDouble = i,
            Attributes = { new KeyValue { Key = "cpu", Value = new AnyValue { IntValue = i } }, new KeyValue { Key = "mode", Value = new AnyValue { StringValue = "idle" } } },
        });
        var buckets = Enumerable.Range(0, 50).Select(i => new HistogramDataPoint
        {
            TimeUnixNano = (ulong)Rows.Now * 1_000_000, Count = 6, Sum = i, BucketCounts = { 1, 2, 3 }, ExplicitBounds = { 0.5, 2 },
            Attributes = { new KeyValue { Key = "path", Value = new AnyValue { IntValue = i } } },
        });
        var request = OtlpRequests.Metrics(AggregationTemporality.Cumulative);
        request.ResourceMetrics[0].ScopeMetrics[0].Metrics.Clear();
        request.ResourceMetrics[0].ScopeMetrics[0].Metrics.Add(new Metric { Name = "g", Gauge = new Gauge { DataPoints = { points } } });
        request.ResourceMetrics[0].ScopeMetrics[0].Metrics.Add(new Metric { Name = "h", Histogram = new Histogram { AggregationTemporality = AggregationTemporality.Cumulative, DataPoints = { buckets } } });
        var bytes = request.ToByteArray();

        long Round()
        {
            var builder = _rows.Begin();
            var before = GC.GetAllocatedBytesForCurrentThread();
            using var decoder = new OtlpMetrics("acme", builder, _rows.Labels, null);
            decoder.Decode(bytes);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Round();
        foreach (var id in _rows.Batch.Series.Id.Values)
            _rows.Cache.Of("acme").Learn(id, TimeWindow.Of(TimeProvider.System, new IntakeOptions()).Day);
        Round();
        Assert.InRange(Round(), 0, 4_000);
        Assert.Equal(0, _rows.Batch.Series.Rows);
        Assert.Equal(750, _rows.Batch.Samples.Rows);
    }

    private string Decode(byte[] request)
    {
        using var decoder = new OtlpMetrics("acme", _rows.Begin(), _rows.Labels, null);
        decoder.Decode(request);
        return _rows.Describe();
    }

    // Eight bytes are a fixed number here, anything else a message or a text.
    private static byte[] Fields(params (int Number, byte[] Content)[] fields) => [.. fields.SelectMany(field => field.Content.Length == 8 && field.Number > 2
        ? [(byte)((field.Number << 3) | 1), .. field.Content]
        : RemoteWrite.WriteRequest.Field(field.Number, field.Content))];

    private static byte[] Fixed(ulong value) => BitConverter.GetBytes(value);
}
