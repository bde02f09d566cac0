using System.Text.RegularExpressions;
using Google.Protobuf;
using Mesh.Ingestion.Tests.Receiving;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;
using OpenTelemetry.Proto.Common.V1;
using OpenTelemetry.Proto.Logs.V1;
using OpenTelemetry.Proto.Metrics.V1;
using OpenTelemetry.Proto.Resource.V1;
using OpenTelemetry.Proto.Trace.V1;

namespace Mesh.Ingestion.Tests.Otlp;

/// <summary>Requests that have everything in them that a decoder knows.</summary>
internal static class OtlpRequests
{
    private static ulong Now => (ulong)Rows.Now * 1_000_000;

    private static Resource Resource => new() { Attributes = { Text("service.name", "shop"), Text("service.instance.id", "one") } };

    public static ExportMetricsServiceRequest Metrics(AggregationTemporality temporality) => new()
    {
        ResourceMetrics =
        {
            new ResourceMetrics
            {
                Resource = Resource,
                ScopeMetrics =
                {
                    new ScopeMetrics
                    {
                        Scope = new InstrumentationScope { Name = "scope" },
                        Metrics =
                        {
                            new Metric { Name = "g", Unit = "By", Description = "d", Gauge = new Gauge { DataPoints = { Number(1), Number(2) } } },
                            new Metric { Name = "s", Sum = new Sum { IsMonotonic = true, AggregationTemporality = temporality, DataPoints = { Number(3) } } },
                            new Metric { Name = "h", Unit = "s", Histogram = new Histogram { AggregationTemporality = temporality, DataPoints = { Buckets() } } },
                            new Metric { Name = "e", ExponentialHistogram = new ExponentialHistogram { AggregationTemporality = temporality, DataPoints = { Exponential() } } },
                            new Metric { Name = "q", Summary = new Summary { DataPoints = { Quantiles() } } },
                        },
                    },
                },
            },
        },
    };

    public static ExportLogsServiceRequest Logs() => new()
    {
        ResourceLogs =
        {
            new ResourceLogs
            {
                Resource = Resource,
                ScopeLogs =
                {
                    new ScopeLogs
                    {
                        LogRecords =
                        {
                            new LogRecord
                            {
                                TimeUnixNano = Now, SeverityNumber = 13, Attributes = { Text("a.b", "c"), Nested() },
                                Body = Nested().Value, TraceId = Id(16), SpanId = Id(8),
                            },
                        },
                    },
                },
            },
        },
    };

    public static ExportTraceServiceRequest Traces() => new()
    {
        ResourceSpans =
        {
            new ResourceSpans
            {
                Resource = Resource,
                ScopeSpans =
                {
                    new ScopeSpans
                    {
                        Spans =
                        {
                            new Span
                            {
                                TraceId = Id(16), SpanId = Id(8), ParentSpanId = Id(8), Name = "GET /", Kind = Span.Types.SpanKind.Server,
                                StartTimeUnixNano = Now, EndTimeUnixNano = Now + 5, Attributes = { Nested() },
                                Status = new Status { Code = Status.Types.StatusCode.Error, Message = "no" },
                            },
                        },
                    },
                },
            },
        },
    };

    private static NumberDataPoint Number(long value) => new()
    {
        Attributes = { Text("k", $"v{value}"), Nested() }, StartTimeUnixNano = Now - 1_000_000_000, TimeUnixNano = Now, AsInt = value,
        Exemplars = { new Exemplar { AsDouble = 1 } },
    };

    private static HistogramDataPoint Buckets() => new()
    {
        Attributes = { Text("k", "v") }, StartTimeUnixNano = Now - 1_000_000_000, TimeUnixNano = Now, Count = 6, Sum = 10.5, Min = 0, Max = 7,
        BucketCounts = { 1, 2, 3 }, ExplicitBounds = { 0.5, 2 },
    };

    private static ExponentialHistogramDataPoint Exponential() => new()
    {
        Attributes = { Text("k", "v") }, StartTimeUnixNano = Now - 1_000_000_000, TimeUnixNano = Now, Count = 7, Sum = 1, Scale = 2, ZeroCount = 1,
        Positive = new() { Offset = -3, BucketCounts = { 1, 0, 2 } }, Negative = new() { Offset = 4, BucketCounts = { 3 } },
    };

    private static SummaryDataPoint Quantiles() => new()
    {
        TimeUnixNano = Now, Count = 2, Sum = 3, QuantileValues = { new SummaryDataPoint.Types.ValueAtQuantile { Quantile = 0.9, Value = 1.5 } },
    };

    private static KeyValue Text(string key, string value) => new() { Key = key, Value = new AnyValue { StringValue = value } };

    private static KeyValue Nested() => new()
    {
        Key = "nested",
        Value = new AnyValue
        {
            KvlistValue = new KeyValueList
            {
                Values = { Text("x", "y"), new KeyValue { Key = "list", Value = new AnyValue { ArrayValue = new ArrayValue { Values = { new AnyValue { IntValue = 7 }, new AnyValue { BytesValue = Id(3) } } } } } },
            },
        },
    };

    /// <summary>A message in OTLP's JSON, whose ids are hex digits (opentelemetry.io, "OTLP/HTTP", "JSON Protobuf Encoding").</summary>
    public static string Json(IMessage message) => Regex.Replace(
        JsonFormatter.Default.Format(message), "\"(traceId|spanId)\": \"([^\"]*)\"",
        id => $"\"{id.Groups[1].Value}\": \"{Convert.ToHexStringLower(Convert.FromBase64String(id.Groups[2].Value))}\"");

    public static ByteString Id(int length) => ByteString.CopyFrom([.. Enumerable.Range(1, length).Select(i => (byte)i)]);
}
