using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Series;
using Mesh.Ingestion.Tables;
using Mesh.Ingestion.Telemetry;
using Mesh.Ingestion.V1;

namespace Mesh.Ingestion.Tests.Telemetry;

public sealed class DecoderTests
{
    private static readonly IntakeOptions Options = new() { SamplesPerSecond = 100, ActiveSeries = 3 };

    private readonly SeriesCache _cache = new();
    private readonly TelemetryBatch _batch = new();

    [Fact]
    public void A_person_writes_for_his_tenant_alone_and_a_program_for_any()
    {
        var batch = new Batch
        {
            Series = { new SeriesDeclaration { Ref = 1, Metric = "up", Tenant = "tenants/other" }, new SeriesDeclaration { Ref = 2, Metric = "up" } },
            Logs = { new LogRecord { Body = "x", Tenant = "tenants/other" }, new LogRecord { Body = "y" } },
        };
        var person = Decode(batch, new WriteScope("acme", false));
        Assert.Equal([(RejectionReason.ForeignTenant, 2L)], person.Rejections.Counts);
        Assert.Equal("acme"u8, _batch.Logs.Tenant[0]);

        _batch.Clear();
        Assert.Equal(0, Decode(batch, new WriteScope("acme", true)).Rejections.Total);
        Assert.Equal("other"u8, _batch.Logs.Tenant[0]);
    }

    [Fact]
    public void More_samples_than_the_rate_are_refused_and_counted()
    {
        var builder = Decode(SamplesOf(1500, 1), new WriteScope("acme", false));
        Assert.Equal([(RejectionReason.RateLimit, 500L)], builder.Rejections.Counts);
        Assert.Equal("metric{i=\"0\"}", builder.Rejections.ExampleOf(RejectionReason.RateLimit));
        Assert.Equal(1000, _batch.Samples.Rows);
    }

    [Fact]
    public void More_series_than_the_limit_are_refused()
    {
        for (var i = 0; i < 3; i++)
            _cache.Of("acme").Learn((ulong)i + 1, TimeWindow.Of(TimeProvider.System, Options).Day);
        var builder = Decode(SamplesOf(1, 1), new WriteScope("acme", false));
        Assert.Equal([(RejectionReason.UnknownSeriesRef, 1L), (RejectionReason.SeriesLimit, 1L)], builder.Rejections.Counts);
        Assert.Equal("series_ref 0", builder.Rejections.ExampleOf(RejectionReason.UnknownSeriesRef));
        Assert.Equal("metric{i=\"0\"}", builder.Rejections.ExampleOf(RejectionReason.SeriesLimit));
    }

    [Fact]
    public void The_first_refused_series_of_each_reason_is_named_over_several_batches()
    {
        var person = new WriteScope("acme", false);
        var (all, now) = (new Rejections(), TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        foreach (var metric in (string[])["a", "b"])
        {
            var batch = new Batch
            {
                Series =
                {
                    new SeriesDeclaration { Ref = 1, Metric = metric }, new SeriesDeclaration { Ref = 2, Metric = $"{metric} no name" },
                    new SeriesDeclaration { Ref = 3, Metric = $"{metric}_foreign", Tenant = "tenants/other" },
                    new SeriesDeclaration { Ref = uint.MaxValue, Metric = $"{metric}_far" },
                },
                Samples = new Samples { SeriesRefs = { 1, 1 }, TimeDeltasMillis = { 0, now + 1_000_000_000 }, Values = { 1, 2 } },
            };
            all.Add(Decode(batch, person).Rejections);
        }

        Assert.Equal("a{}", all.ExampleOf(RejectionReason.TooOld));
        Assert.Equal("a{}", all.ExampleOf(RejectionReason.TooFarInFuture));
        Assert.Equal("a no name{}", all.ExampleOf(RejectionReason.InvalidMetricName));
        Assert.Equal("a_foreign{}", all.ExampleOf(RejectionReason.ForeignTenant));
        Assert.Equal("a_far{}", all.ExampleOf(RejectionReason.TooLarge));
        all.Clear();
        Assert.Null(all.ExampleOf(RejectionReason.TooOld));
        Assert.False(all.IsNamed);
    }

    [Theory]
    [InlineData("", "00f067aa0ba902b7", "")]
    [InlineData("0af7651916cd43dd8448eb211c80319", "00f067aa0ba902b7", "")]
    [InlineData("0af7651916cd43dd8448eb211c80319g", "00f067aa0ba902b7", "")]
    [InlineData("00000000000000000000000000000000", "00f067aa0ba902b7", "")]
    [InlineData("0af7651916cd43dd8448eb211c80319c", "", "")]
    [InlineData("0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7f", "")]
    [InlineData("0af7651916cd43dd8448eb211c80319c", "0000000000000000", "")]
    [InlineData("0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7", "1")]
    public void A_span_that_nobody_could_ask_for_is_refused_alone(string trace, string id, string parent)
    {
        var good = new Span { TraceId = "0AF7651916CD43DD8448EB211C80319C", SpanId = "00F067AA0BA902B7", ParentSpanId = "00F067AA0BA902B6" };
        var batch = new Batch { Spans = { new Span { TraceId = trace, SpanId = id, ParentSpanId = parent }, good } };
        Assert.Equal([(RejectionReason.InvalidId, 1L)], Decode(batch, new WriteScope("acme", false)).Rejections.Counts);
        Assert.Equal(["0af7651916cd43dd8448eb211c80319c"], _batch.Spans.TraceId.ReadAll());
    }

    [Theory]
    [InlineData("0af7651916cd43dd8448eb211c80319", "")]
    [InlineData("0af7651916cd43dd8448eb211c80319g", "00f067aa0ba902b7")]
    [InlineData("00000000000000000000000000000000", "")]
    [InlineData("0af7651916cd43dd8448eb211c80319c", "0000000000000000")]
    [InlineData("", "00f067aa0ba902b7f")]
    public void A_log_record_whose_ids_are_none_is_refused_alone(string trace, string span)
    {
        var batch = new Batch
        {
            Logs =
            {
                new LogRecord { Body = "bad", TraceId = trace, SpanId = span },
                new LogRecord { Body = "plain" },
                new LogRecord { Body = "good", TraceId = "0AF7651916CD43DD8448EB211C80319C", SpanId = "00F067AA0BA902B7" },
            },
        };
        Assert.Equal([(RejectionReason.InvalidId, 1L)], Decode(batch, new WriteScope("acme", false)).Rejections.Counts);
        Assert.Equal(["plain", "good"], _batch.Logs.Body.ReadAll());
        Assert.Equal(["", "0af7651916cd43dd8448eb211c80319c"], _batch.Logs.TraceId.ReadAll());
        Assert.Equal(["", "00f067aa0ba902b7"], _batch.Logs.SpanId.ReadAll());
    }

    [Fact]
    public void Long_bodies_are_cut_at_whole_characters_and_marked()
    {
        var cut = RecordDecoder.Cut(string.Concat(Enumerable.Repeat("😀", 30_000)));
        Assert.EndsWith("[cut]", cut, StringComparison.Ordinal);
        Assert.True(System.Text.Encoding.UTF8.GetByteCount(cut) <= RecordDecoder.MaxBodyBytes);
        Assert.DoesNotContain('\ufffd', cut);
    }

    [Fact]
    public void Decoding_and_encoding_samples_allocates_nothing_for_each_sample()
    {
        var rates = new TenantRates(new IntakeOptions(), TimeProvider.System);
        using var decoder = new BatchDecoder(new WriteScope("acme", false));
        using var bytes = new ByteBuffer(1 << 20);
        var first = SamplesOf(20_000, 50);
        var later = SamplesOf(20_000, 50);
        later.Series.Clear();

        long Round(Batch batch)
        {
            _batch.Clear();
            bytes.Clear();
            var before = GC.GetAllocatedBytesForCurrentThread();
            decoder.Decode(batch, new BatchBuilder(_batch, _cache, rates, Options, TimeWindow.Of(TimeProvider.System, Options)));
            _batch.Encode(bytes);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Round(first);
        Round(later);
        Assert.InRange(Round(later), 0, 2_000);
        Assert.Equal(20_000, _batch.Samples.Rows);
    }

    private static Batch SamplesOf(int count, uint series)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var batch = new Batch { Samples = new Samples() };
        for (var i = 0U; i < series; i++)
            batch.Series.Add(new SeriesDeclaration { Ref = i, Metric = "metric", Labels = { new Label { Name = "i", Value = $"{i}" } } });
        for (var i = 0; i < count; i++)
        {
            batch.Samples.SeriesRefs.Add((uint)i % series);
            batch.Samples.TimeDeltasMillis.Add(i == 0 ? now : 0);
            batch.Samples.Values.Add(i);
        }

        return batch;
    }

    private BatchBuilder Decode(Batch batch, WriteScope scope)
    {
        var builder = new BatchBuilder(
            _batch, _cache, new TenantRates(Options, TimeProvider.System), Options, TimeWindow.Of(TimeProvider.System, Options));
        using var decoder = new BatchDecoder(scope);
        decoder.Decode(batch, builder);
        return builder;
    }
}
