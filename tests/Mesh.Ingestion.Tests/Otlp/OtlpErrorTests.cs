using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Ingestion.Tests.Receiving;
using Mesh.Ingestion.Tests.Servers;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;
using OpenTelemetry.Proto.Common.V1;
using OpenTelemetry.Proto.Logs.V1;
using OpenTelemetry.Proto.Metrics.V1;
using OpenTelemetry.Proto.Resource.V1;
using OpenTelemetry.Proto.Trace.V1;
using Metric = OpenTelemetry.Proto.Metrics.V1.Metric;
using RpcStatus = Google.Rpc.Status;

namespace Mesh.Ingestion.Tests.Otlp;

/// <summary>What OTLP/HTTP answers when not all is well (OTLP specification, "Failures" and "Partial Success").</summary>
[Trait("Needs", "servers")]
public sealed class OtlpErrorTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    private const string Protobuf = "application/x-protobuf", Json = "application/json";

    private static ulong Now => (ulong)Rows.Now * 1_000_000;

    [Theory]
    [InlineData("/v1/metrics")]
    [InlineData("/v1/logs")]
    [InlineData("/v1/traces")]
    public async Task An_error_is_a_status_in_the_kind_of_the_request(string path)
    {
        var posts = new Posts(servers, "otlperrors");
        var bomb = Gzip(new byte[64 << 20]);
        foreach (var type in new[] { Protobuf, Json })
        {
            await CheckAsync(posts.ExchangeAsync(path, [0xff, 0xff, 0xff], type), type, HttpStatusCode.BadRequest, "body");
            await CheckAsync(posts.ExchangeAsync(path, [1, 2, 3], type, "gzip"), type, HttpStatusCode.BadRequest, "body");
            await CheckAsync(posts.ExchangeAsync(path, [], type, "br"), type, HttpStatusCode.BadRequest, "content-encoding");
            await CheckAsync(posts.ExchangeAsync(path, bomb, type, "gzip"), type, HttpStatusCode.RequestEntityTooLarge, ErrorTable.TooLarge);
            await CheckAsync(posts.ExchangeAsync(path, [], type, authorization: ""), type, HttpStatusCode.Unauthorized, "TOKEN_REQUIRED");
        }

        await CheckAsync(posts.ExchangeAsync(path, [], "text/plain"), Json, HttpStatusCode.UnsupportedMediaType, "content-type");
    }

    [Theory]
    [InlineData(Protobuf)]
    [InlineData(Json)]
    public async Task A_part_that_is_refused_is_counted_and_the_rest_is_taken(string type)
    {
        var tenant = "otlppartial" + (type == Json ? "json" : "");
        var posts = new Posts(servers, tenant);
        ulong[] times = [Now, 5, Now + 1, ulong.MaxValue];

        var gauge = new Gauge { DataPoints = { times.Select(time => new NumberDataPoint { TimeUnixNano = time, AsInt = 1 }) } };
        // A point of a histogram is one point, however many series it has.
        var late = new Histogram { DataPoints = { new HistogramDataPoint { TimeUnixNano = 5, Count = 3, BucketCounts = { 1, 2 }, ExplicitBounds = { 1 } } } };
        var scope = new ScopeMetrics { Metrics = { new Metric { Name = "g", Gauge = gauge }, new Metric { Name = "h", Histogram = late } } };
        var metrics = new ExportMetricsServiceRequest { ResourceMetrics = { new ResourceMetrics { ScopeMetrics = { scope } } } };
        var partMetrics = (await ExchangeAsync<ExportMetricsServiceResponse>(posts, "/v1/metrics", metrics, type)).PartialSuccess;
        Assert.Equal(3, partMetrics.RejectedDataPoints);
        Assert.NotEmpty(partMetrics.ErrorMessage);

        var logs = new ExportLogsServiceRequest
        {
            ResourceLogs = { new ResourceLogs { ScopeLogs = { new ScopeLogs { LogRecords = { times.Select(time => new LogRecord { TimeUnixNano = time }) } } } } },
        };
        Assert.Equal(2, (await ExchangeAsync<ExportLogsServiceResponse>(posts, "/v1/logs", logs, type)).PartialSuccess.RejectedLogRecords);

        var traces = new ExportTraceServiceRequest
        {
            ResourceSpans = { new ResourceSpans { ScopeSpans = { new ScopeSpans { Spans = { times.Select(time => new Span { StartTimeUnixNano = time }) } } } } },
        };
        // Those without an id that somebody could ask for are refused as well.
        ByteString[] ids = [ByteString.Empty, ByteString.CopyFrom(new byte[16]), OtlpRequests.Id(12)];
        var spans = traces.ResourceSpans[0].ScopeSpans[0].Spans;
        spans.Add(ids.Select(id => new Span { StartTimeUnixNano = Now, TraceId = id, SpanId = ByteString.CopyFrom(new byte[8]) }));
        foreach (var span in spans.Take(times.Length))
            (span.TraceId, span.SpanId) = (OtlpRequests.Id(16), OtlpRequests.Id(8));
        Assert.Equal(5, (await ExchangeAsync<ExportTraceServiceResponse>(posts, "/v1/traces", traces, type)).PartialSuccess.RejectedSpans);

        // Where all was taken, nothing is said of a part.
        Assert.Null((await ExchangeAsync<ExportTraceServiceResponse>(posts, "/v1/traces", new ExportTraceServiceRequest(), type)).PartialSuccess);
        foreach (var table in new[] { "samples", "logs", "spans" })
            await servers.WaitForAsync($"select count() from {table} where tenant = '{tenant}'", 2);
    }

    [Theory]
    [InlineData("opentelemetry.proto.collector.metrics.v1.MetricsService")]
    [InlineData("opentelemetry.proto.collector.logs.v1.LogsService")]
    [InlineData("opentelemetry.proto.collector.trace.v1.TraceService")]
    public async Task A_call_that_cannot_be_read_is_an_invalid_argument_and_nothing_of_it_is_taken(string service)
    {
        var bytes = Marshallers.Create<byte[]>(message => message, message => message);
        var method = new Method<byte[], byte[]>(MethodType.Unary, service, "Export", bytes, bytes);
        var options = new CallOptions([.. IngestionProcess.Headers, new Metadata.Entry("x-mesh-tenant", "damaged")]);
        // A whole point of a gauge, a record or a span, and behind it what does not end.
        var valid = service.Contains("Metrics", StringComparison.Ordinal) ? OtlpRequests.Metrics(AggregationTemporality.Cumulative).ToByteArray()
            : service.Contains("Logs", StringComparison.Ordinal) ? OtlpRequests.Logs().ToByteArray() : OtlpRequests.Traces().ToByteArray();
        var error = await Assert.ThrowsAsync<RpcException>(
            () => servers.Channel.CreateCallInvoker().AsyncUnaryCall(method, null, options, [.. valid, 0x0a, 0xff]).ResponseAsync);
        Assert.Equal((StatusCode.InvalidArgument, "body"), (error.StatusCode, error.Details()!.Detail<BadRequest>()!.FieldViolations[0].Field));

        // The connection lives on, and an empty request is a good one.
        Assert.Empty(await servers.Channel.CreateCallInvoker().AsyncUnaryCall(method, null, options, []));
        foreach (var table in new[] { "samples", "logs", "spans" })
            Assert.Equal(0, await servers.Engine.NumberAsync($"select count() from {table} where tenant = 'damaged'"));
    }

    [Fact]
    public async Task A_small_request_that_becomes_huge_rows_is_refused_whole_and_the_log_goes_on()
    {
        // The resource's attributes are those of each record.
        var wide = new KeyValue { Key = "wide", Value = new AnyValue { StringValue = new string('x', 60_000) } };
        var resource = new Resource { Attributes = { wide } };
        var records = Enumerable.Range(0, 4_000).Select(_ => new LogRecord { TimeUnixNano = Now });
        var logs = new ExportLogsServiceRequest
        {
            ResourceLogs = { new ResourceLogs { Resource = resource, ScopeLogs = { new ScopeLogs { LogRecords = { records } } } } },
        };
        var spans = Enumerable.Range(0, 4_000).Select(_ => new Span { StartTimeUnixNano = Now, TraceId = OtlpRequests.Id(16), SpanId = OtlpRequests.Id(8) });
        var traces = new ExportTraceServiceRequest
        {
            ResourceSpans = { new ResourceSpans { Resource = resource, ScopeSpans = { new ScopeSpans { Spans = { spans } } } } },
        };
        var posts = new Posts(servers, "huge");
        await CheckAsync(posts.ExchangeAsync("/v1/logs", logs.ToByteArray(), Protobuf), Protobuf, HttpStatusCode.RequestEntityTooLarge, ErrorTable.TooLarge);
        await CheckAsync(posts.ExchangeAsync("/v1/traces", traces.ToByteArray(), Protobuf), Protobuf, HttpStatusCode.RequestEntityTooLarge, ErrorTable.TooLarge);

        // Over gRPC both kinds of refusal have one code: what shall not be sent again says no time for it.
        var headers = new Metadata { { "authorization", Posts.Bearer }, { "x-mesh-tenant", "huge" } };
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await new LogsService.LogsServiceClient(servers.Channel).ExportAsync(logs, headers));
        Assert.Equal((StatusCode.ResourceExhausted, ErrorTable.TooLarge), (refused.StatusCode, refused.Reason()));
        Assert.Null(refused.Details()!.Detail<RetryInfo>());

        // One series for each field, with all tags of the line.
        var line = $"m,{string.Join(',', Enumerable.Range(0, 60).Select(i => $"t{i}={new string('x', 1000)}"))} {string.Join(',', Enumerable.Range(0, 2_000).Select(i => $"f{i}=1"))}";
        var (status, _, _) = await posts.SendAsync("/write", System.Text.Encoding.UTF8.GetBytes(line), "text/plain");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);

        // Each point of changes brings all the buckets that came before it.
        var wideOnes = new ExponentialHistogramDataPoint.Types.Buckets { Offset = -2_000, BucketCounts = { Enumerable.Repeat(1UL, 4_000) } };
        var points = Enumerable.Range(0, 20_000).Select(i => new ExponentialHistogramDataPoint { TimeUnixNano = Now + (ulong)i, Scale = 1, Count = 1, ZeroCount = 1 }).ToList();
        points[0].Positive = wideOnes;
        var histogram = new ExponentialHistogram { AggregationTemporality = AggregationTemporality.Delta, DataPoints = { points } };
        var changes = new ExportMetricsServiceRequest
        {
            ResourceMetrics = { new ResourceMetrics { ScopeMetrics = { new ScopeMetrics { Metrics = { new Metric { Name = "h", ExponentialHistogram = histogram } } } } } },
        };
        await CheckAsync(posts.ExchangeAsync("/v1/metrics", changes.ToByteArray(), Protobuf), Protobuf, HttpStatusCode.RequestEntityTooLarge, ErrorTable.TooLarge);

        var one = new ExportLogsServiceRequest { ResourceLogs = { new ResourceLogs { ScopeLogs = { new ScopeLogs { LogRecords = { new LogRecord() } } } } } };
        await ExchangeAsync<ExportLogsServiceResponse>(posts, "/v1/logs", one, Protobuf);
        await servers.WaitForAsync("select count() from logs where tenant = 'huge'", 1);
    }

    private static async Task<T> ExchangeAsync<T>(Posts posts, string path, IMessage request, string type)
        where T : IMessage<T>, new()
    {
        var body = type == Protobuf ? request.ToByteArray() : System.Text.Encoding.UTF8.GetBytes(OtlpRequests.Json(request));
        using var answer = await posts.ExchangeAsync(path, body, type);
        Assert.Equal((HttpStatusCode.OK, type), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        return type == Protobuf
            ? new MessageParser<T>(() => new T()).ParseFrom(await answer.Content.ReadAsByteArrayAsync())
            : JsonParser.Default.Parse<T>(await answer.Content.ReadAsStringAsync());
    }

    // An error names its reason or, where a part of the request is wrong, which one.
    private static async Task CheckAsync(Task<HttpResponseMessage> exchange, string type, HttpStatusCode status, string what)
    {
        using var answer = await exchange;
        Assert.Equal((status, type), (answer.StatusCode, answer.Content.Headers.ContentType?.ToString()));
        if (type == Protobuf)
        {
            var error = RpcStatus.Parser.ParseFrom(await answer.Content.ReadAsByteArrayAsync());
            Assert.NotEmpty(error.Message);
            Assert.Equal(status, (HttpStatusCode)(error.Detail<ErrorInfo>()!.Reason == ErrorTable.TooLarge ? 413 : ErrorTable.HttpStatus((StatusCode)error.Code)));
            Assert.Equal(what, error.Detail<BadRequest>()?.FieldViolations[0].Field ?? error.Detail<ErrorInfo>()!.Reason);
            return;
        }

        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.NotEmpty(document.RootElement.GetProperty("message").GetString()!);
        Assert.Contains(what, document.RootElement.GetProperty("details").ToString(), StringComparison.Ordinal);
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(target, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return target.ToArray();
    }
}
