using Mesh.Common.Errors;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.RemoteWrite;
using Mesh.Ingestion.Series;
using Mesh.Ingestion.Tables;
using Mesh.Ingestion.Tests.Receiving;
using static Mesh.Ingestion.Tests.RemoteWrite.WriteRequest;

namespace Mesh.Ingestion.Tests.RemoteWrite;

public sealed class RemoteWriteDecoderTests
{
    private static readonly IntakeOptions Options = new() { SamplesPerSecond = 1_000 };

    private readonly SeriesCache _cache = new();
    private readonly LabelCache _labels = new();
    private readonly TelemetryBatch _batch = new();
    private readonly TenantRates _rates = new(Options, TimeProvider.System);

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    [Fact]
    public void A_series_has_the_id_that_every_receiver_gives_it()
    {
        var builder = Decode(new WriteRequest().Series("__name__=up,instance=a,job=x", (Now, 1)).Series("job=x,__name__=up,empty=,instance=a", (Now, 2)));
        Assert.Equal(0, builder.Rejections.Total);
        using var series = new SeriesBuilder();
        series.Begin("acme", "up");
        series.Label("job", "x");
        series.Label("instance", "a");
        series.Finish(out var id);
        Assert.Equal([id, id], _batch.Samples.Series.Values.ToArray());
        Assert.Equal("acme"u8, _batch.Samples.Tenant[1]);
    }

    [Fact]
    public void Fields_may_come_in_any_order()
    {
        byte[] scattered = [.. Labels("__name__=up"), .. Sample(Now, 1), .. Labels("job=x")];
        Decode(new WriteRequest().Raw(1, scattered).Series("__name__=up,job=x", (Now, 1)));
        Assert.Equal(_batch.Samples.Series.Values[0], _batch.Samples.Series.Values[1]);
    }

    [Fact]
    public void A_stale_marker_keeps_its_bits()
    {
        const long Stale = 0x7ff0000000000002;
        Decode(new WriteRequest().Series("__name__=up", (Now, BitConverter.Int64BitsToDouble(Stale)), (Now, double.NaN), (Now, double.NegativeInfinity)));
        Assert.Equal(Stale, BitConverter.DoubleToInt64Bits(_batch.Samples.Value.Values[0]));
        Assert.Equal(double.NegativeInfinity, _batch.Samples.Value.Values[2]);
    }

    [Fact]
    public void What_is_wrong_is_counted_and_the_rest_is_taken()
    {
        var twice = new WriteRequest()
            .Series("__name__=up,a=1,a=2", (Now, 1))
            .Series("__name__=up,__name__=down", (Now, 1))
            .Series("__name__=up,a.b=1", (Now, 1))
            .Series("__name__=up,a=" + new string('x', 1_025), (Now, 1))
            .Raw(1, [.. Labels("__name__=up"), .. Label("a", [0xff, 0xfe]), .. Sample(Now, 1)])
            .Series("a=1", (Now, 1))
            .Series("__name__=0up", (Now, 1))
            .Series("__name__=up", (0, 1), (long.MaxValue, 1), (-1, 1), (Now, 7))
            .Raw(1, [.. Labels("__name__=up"), .. Field(4, [])])
            .Raw(1, [.. Labels("__name__=up"), .. Field(3, [])])
            .Raw(3, []);
        var builder = Decode(twice);
        Assert.Equal(
            [
                (RejectionReason.InvalidMetricName, 2L), (RejectionReason.InvalidLabelName, 1L), (RejectionReason.DuplicateLabel, 2L),
                (RejectionReason.LabelValueTooLong, 1L), (RejectionReason.InvalidUtf8, 1L), (RejectionReason.TooOld, 2L),
                (RejectionReason.TooFarInFuture, 1L), (RejectionReason.UnsupportedType, 1L),
            ],
            builder.Rejections.Counts);
        Assert.Equal([7.0], _batch.Samples.Value.Values.ToArray());
    }

    [Theory]
    [InlineData("__name__=up,a=1,a=2", "up{a=\"2\",a=\"1\"} (DUPLICATE_LABEL)")]
    [InlineData("__name__=up,__name__=down", "up{__name__=\"down\"} (DUPLICATE_LABEL)")]
    [InlineData("__name__=up,a=1,b.c=2,d=3", "up{b.c=\"2\",a=\"1\"} (INVALID_LABEL_NAME)")]
    [InlineData("__name__=0up,a=1", "0up{a=\"1\"} (INVALID_METRIC_NAME)")]
    [InlineData("a=1", "{a=\"1\"} (INVALID_METRIC_NAME)")]
    [InlineData("__name__=up,\u202ea\n=\"1\"", "up{\ufffda\ufffd=\"'1'\"} (INVALID_LABEL_NAME)")]
    public void The_first_series_that_is_refused_is_named(string labels, string expected)
    {
        var request = new WriteRequest().Series("__name__=good", (Now, 1)).Series(labels, (Now, 1)).Series("__name__=other,a=1,a=2", (Now, 1));
        var rejections = Decode(request).Rejections;
        Assert.Equal(expected, rejections.Example);
        Assert.EndsWith($" For instance {expected}.", rejections.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_series_whose_sample_is_refused_is_named_whether_it_was_known_or_not()
    {
        var late = new WriteRequest().Series("__name__=up,a=1", (Now, 1)).Series("__name__=up,a=2", (5, 1));
        for (var round = 0; round < 2; round++)
            Assert.Equal("up{a=\"2\"} (TOO_OLD)", Decode(late).Rejections.Example);
        Assert.Equal("up{a=\"3\"} (TOO_OLD)", Decode(new WriteRequest().Series("__name__=up,a=3", (Now, 1), (5, 1))).Rejections.Example);
        byte[] histogram = [.. Labels("__name__=up,a=4"), .. Field(4, [])];
        Assert.Equal("up{a=\"4\"} (UNSUPPORTED_TYPE)", Decode(new WriteRequest().Raw(1, histogram)).Rejections.Example);
        byte[] invalid = [.. Labels("__name__=up"), .. Label("a", [0x78, 0xff]), .. Sample(Now, 1)];
        Assert.Equal("up{a=\"x\ufffd\"} (INVALID_UTF8)", Decode(new WriteRequest().Raw(1, invalid)).Rejections.Example);
        Assert.Null(Decode(new WriteRequest().Series("__name__=up", (Now, 1))).Rejections.Example);
    }

    [Fact]
    public void What_names_a_series_is_short()
    {
        var labels = string.Join(',', Enumerable.Range(0, 70).Select(i => $"label_{i}={new string('x', 900)}"));
        var many = Decode(new WriteRequest().Series($"__name__={new string('m', 5_000)},{labels}", (Now, 1))).Rejections.Example!;
        Assert.InRange(many.Length, 100, 230);
        Assert.EndsWith(",…} (TOO_MANY_LABELS)", many, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_much_at_once_is_refused_whole_and_says_when_to_come_again()
    {
        var burst = new WriteRequest().Series("__name__=up", [.. Enumerable.Repeat((Now, 1.0), 9_999)]);
        Decode(burst);
        _batch.Clear();
        var error = Assert.Throws<MeshException>(() => Decode(burst));
        Assert.InRange(error.RetryAfter!.Value.TotalSeconds, 5, 10);
    }

    [Fact]
    public void A_request_of_known_series_allocates_nothing_for_each_sample()
    {
        var request = new WriteRequest();
        for (var i = 0; i < 200; i++)
            request.Series($"__name__=node_cpu_seconds_total,cpu={i},instance=host:9100,job=node", (Now, i), (Now, i));
        var bytes = request.ToArray();

        long Round()
        {
            _batch.Clear();
            var before = GC.GetAllocatedBytesForCurrentThread();
            var builder = Begin();
            using var decoder = new RemoteWriteDecoder("acme", builder, _labels);
            decoder.Decode(bytes);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Round();
        foreach (var id in _batch.Series.Id.Values)
            _cache.Of("acme").Learn(id, TimeWindow.Of(TimeProvider.System, Options).Day);
        Round();
        Assert.InRange(Round(), 0, 3_000);
        Assert.Equal(0, _batch.Series.Rows);
        Assert.Equal(400, _batch.Samples.Rows);
    }

    [Fact]
    public void Random_damage_is_invalid_data_or_a_refusal_and_nothing_else()
    {
        var valid = new WriteRequest().Series("__name__=up,instance=a,job=x", (Now, 1), (Now + 1, 2)).Series("__name__=b,c=d", (Now, 3)).Raw(3, [8, 1]);
        new Fuzz().Run(valid.ToArray(), 30_000, bytes =>
        {
            _batch.Clear();
            using var decoder = new RemoteWriteDecoder("acme", Begin(), _labels);
            decoder.Decode(bytes);
            Assert.Equal(_batch.Samples.Series.Rows, _batch.Samples.Tenant.Rows);
            using var record = new ByteBuffer();
            _batch.Encode(record);
        }, typeof(InvalidDataException), typeof(MeshException));
    }

    [Fact]
    public void Many_threads_that_learn_and_find_agree()
    {
        var cache = new LabelCache(4_000);
        Parallel.For(0, 8, thread =>
        {
            var random = new Random(thread);
            for (var i = 0; i < 200_000; i++)
            {
                var number = (ulong)random.Next(6_000);
                var key = XxHash64.Compute(BitConverter.GetBytes(number));
                var known = cache.Find(key);
                if (known.IsKnown)
                    Assert.Equal(~number, known.Id);
                else
                    cache.Learn(key, ~number, 1);
            }
        });
    }

    private BatchBuilder Begin() => new(_batch, _cache, _rates, Options, TimeWindow.Of(TimeProvider.System, Options));

    private BatchBuilder Decode(WriteRequest request)
    {
        var builder = Begin();
        using var decoder = new RemoteWriteDecoder("acme", builder, _labels);
        decoder.Decode(request.ToArray());
        return builder;
    }
}
