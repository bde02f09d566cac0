using System.Text;
using Google.Protobuf;
using Mesh.Ingestion.Otlp;
using Mesh.Ingestion.Series;
using Mesh.Ingestion.Tests.Receiving;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;
using OpenTelemetry.Proto.Metrics.V1;
using OpenTelemetry.Proto.Trace.V1;

namespace Mesh.Ingestion.Tests.Otlp;

public sealed class OtlpJsonTests
{
    private const string Spans = """
        {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my.service"}}],"unknown":{"a":[1]}},
         "scopeSpans":[{"scope":{"name":"my.library"},"spans":[{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174",
         "parentSpanId":"","name":"I'm a server span","startTimeUnixNano":"1544712660000000000","endTimeUnixNano":1544712661000000000,"kind":2,
         "status":{"code":"STATUS_CODE_ERROR"},"attributes":[{"key":"n","value":{"intValue":"7"}},{"key":"b","value":{"boolValue":true}}]}]}]}]}
        """;

    [Fact]
    public void Ids_are_hex_and_enums_are_numbers_or_names()
    {
        var span = OtlpJson.Parse<ExportTraceServiceRequest>(Encoding.UTF8.GetBytes(Spans)).ResourceSpans[0].ScopeSpans[0].Spans[0];
        Assert.Equal("5B8EFFF798038103D269B633813FC60C", Convert.ToHexString(span.TraceId.Span));
        Assert.Equal("EEE19B7EC3C1B174", Convert.ToHexString(span.SpanId.Span));
        Assert.Equal((Span.Types.SpanKind.Server, Status.Types.StatusCode.Error, 0), (span.Kind, span.Status.Code, span.ParentSpanId.Length));
        Assert.Equal((1544712660000000000UL, 1544712661000000000UL, 7), (span.StartTimeUnixNano, span.EndTimeUnixNano, span.Attributes[0].Value.IntValue));
    }

    [Fact]
    public void Metrics_and_logs_are_read_as_exporters_write_them()
    {
        var metrics = OtlpJson.Parse<ExportMetricsServiceRequest>("""
            {"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"c","unit":"1","sum":{"aggregationTemporality":2,"isMonotonic":true,
             "dataPoints":[{"asDouble":5.5,"timeUnixNano":"1","attributes":[]},{"asInt":"6","timeUnixNano":2},{"asDouble":"NaN"}]}},
             {"name":"h","histogram":{"aggregationTemporality":1,"dataPoints":[{"count":2,"sum":3,"bucketCounts":["1",1],"explicitBounds":[1]}]}}]}]}]}
            """u8).ResourceMetrics[0].ScopeMetrics[0].Metrics;
        Assert.Equal((5.5, 6L), (metrics[0].Sum.DataPoints[0].AsDouble, metrics[0].Sum.DataPoints[1].AsInt));
        Assert.Equal(AggregationTemporality.Delta, metrics[1].Histogram.AggregationTemporality);
        var log = OtlpJson.Parse<ExportLogsServiceRequest>("""
            {"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"5","severityNumber":9,"body":{"stringValue":"x"},"traceId":"5b8efff798038103d269b633813fc60c"}]}]}]}
            """u8).ResourceLogs[0].ScopeLogs[0].LogRecords[0];
        Assert.Equal((16, 0, "x"), (log.TraceId.Length, log.SpanId.Length, log.Body.StringValue));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"resourceSpans\":7}")]
    [InlineData("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":7}]}]}]}")]
    [InlineData("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"\\ud800\"}]}]}]}")]
    [InlineData("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"startTimeUnixNano\":\"-1\"}]}]}]}")]
    public void Anything_else_is_invalid_data(string body)
    {
        var exception = Record.Exception(() => OtlpJson.Parse<ExportTraceServiceRequest>(Encoding.UTF8.GetBytes(body)));
        Assert.True(exception is InvalidDataException or InvalidProtocolBufferException, exception?.ToString());
    }

    [Theory]
    [InlineData("traceId", "5b8efff798038103d269b633813fc60")]
    [InlineData("traceId", "5b8efff798038103d269b633813fc6")]
    [InlineData("trace_id", "xyz!")]
    [InlineData("traceId", "W47/95gDgQPSabYzgT/GDA==")]
    [InlineData("spanId", "eee19b7ec3c1b17")]
    [InlineData("parentSpanId", "1")]
    public void An_id_that_is_none_costs_the_span_that_has_it_and_no_other(string field, string id)
    {
        const string rest = "\"startTimeUnixNano\":\"0\",\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\"";
        var body = $"{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{{{rest},\"name\":\"bad\",\"{field}\":\"{id}\"}},{{{rest},\"name\":\"good\"}}]}}]}}]}}";
        var rows = new Rows();
        var builder = rows.Begin();
        OtlpRecords.DecodeSpans(OtlpJson.Parse<ExportTraceServiceRequest>(Encoding.UTF8.GetBytes(body)).ToByteArray(), "acme", builder);
        Assert.Equal([(RejectionReason.InvalidId, 1L)], builder.Rejections.Counts);
        Assert.Equal(1, builder.Batch.Spans.Rows);
        Assert.Equal("good"u8, builder.Batch.Spans.Operation[0]);
    }

    [Fact]
    public void A_log_record_whose_id_is_none_is_taken_without_it()
    {
        var body = """
            {"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"5b8e","spanId":"x","body":{"stringValue":"traceId"}},
             {"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174"}]}]}]}
            """u8;
        var builder = new Rows().Begin();
        OtlpRecords.DecodeLogs(OtlpJson.Parse<ExportLogsServiceRequest>(body).ToByteArray(), "acme", builder);
        var logs = builder.Batch.Logs;
        Assert.Equal((0L, 2), (builder.Rejections.Total, logs.Rows));
        Assert.Equal(["", "5b8efff798038103d269b633813fc60c"], logs.TraceId.ReadAll());
        Assert.Equal(["", "eee19b7ec3c1b174"], logs.SpanId.ReadAll());
    }

    [Fact]
    public void Deep_nesting_is_invalid_data()
    {
        var deep = "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":" + string.Concat(Enumerable.Repeat("{\"arrayValue\":{\"values\":[", 5_000));
        Assert.ThrowsAny<Exception>(() => OtlpJson.Parse<ExportLogsServiceRequest>(Encoding.UTF8.GetBytes(deep)));
    }

    [Fact]
    public void Damaged_spans_are_invalid_data_and_nothing_else()
    {
        var rows = new Rows();
        new Fuzz().Run(
            Encoding.UTF8.GetBytes(Spans), 3_000, bytes => OtlpRecords.DecodeSpans(OtlpJson.Parse<ExportTraceServiceRequest>(bytes).ToByteArray(), "acme", rows.Begin()),
            typeof(InvalidDataException), typeof(InvalidProtocolBufferException));
        new Fuzz().Run(
            OtlpJson.Parse<ExportTraceServiceRequest>(Encoding.UTF8.GetBytes(Spans)).ToByteArray(), 10_000,
            bytes => OtlpRecords.DecodeSpans(bytes, "acme", rows.Begin()), typeof(InvalidDataException), typeof(InvalidProtocolBufferException));
    }
}
