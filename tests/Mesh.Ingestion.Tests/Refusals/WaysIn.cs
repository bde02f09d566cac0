using System.Net;
using System.Text;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Common.Errors;
using Mesh.Ingestion.Tests.Otlp;
using Mesh.Ingestion.Tests.Receiving;
using Mesh.Ingestion.Tests.RemoteWrite;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;
using OpenTelemetry.Proto.Logs.V1;
using OpenTelemetry.Proto.Metrics.V1;
using OpenTelemetry.Proto.Trace.V1;
using LogRecord = OpenTelemetry.Proto.Logs.V1.LogRecord;
using Metric = OpenTelemetry.Proto.Metrics.V1.Metric;
using RpcStatus = Google.Rpc.Status;
using Span = OpenTelemetry.Proto.Trace.V1.Span;

namespace Mesh.Ingestion.Tests.Refusals;

/// <summary>Every receiver, with a request that all of them understand alike: ten items of this moment.</summary>
internal sealed class WaysIn(IngestionProcess ingestion, GrpcChannel channel)
{
    private const string Protobuf = "application/x-protobuf", Json = "application/json", Text = "text/plain";

    private static readonly IEnumerable<int> Numbers = Enumerable.Range(0, WayIn.Items);

    /// <summary>The ways of samples, where a tenant's rate holds for whole requests.</summary>
    public List<WayIn> Samples =>
    [
        new("grpcmetrics", "samples", tenant => CallAsync(tenant, h => new MetricsService.MetricsServiceClient(channel).ExportAsync(Metrics(), h))),
        new("otlpmetrics", "samples", tenant => PostAsync(tenant, "/v1/metrics", Metrics().ToByteArray(), Protobuf)),
        new("otlpjson", "samples", tenant => PostAsync(tenant, "/v1/metrics", Bytes(OtlpRequests.Json(Metrics())), Json)),
        new("remotewrite", "samples", tenant => PostAsync(tenant, "/api/v1/write", RemoteWrite(), Protobuf, "snappy")),
        new("influx", "samples", tenant => PostAsync(tenant, "/write", Lines(i => $"m,i={i} v={i}"), Text)),
        new("influxtwo", "samples", tenant => PostAsync(tenant, "/api/v2/write", Lines(i => $"m,i={i} v={i}"), Text)),
        new("opentsdb", "samples", tenant => PostAsync(tenant, "/api/put", OpenTsdb(), Json)),
        new("collectd", "samples", tenant => PostAsync(tenant, "/collectd", Collectd(), Json)),
        new("pushed", "samples", tenant => PostAsync(tenant, "/metrics/job/x", Lines(i => $"m{{i=\"{i}\"}} {i}"), Text)),
        new("imported", "samples", tenant => PostAsync(tenant, "/api/v1/import/prometheus", Lines(i => $"m{{i=\"{i}\"}} {i}"), Text)),
    ];

    /// <summary>The ways of log records and spans, where the same is so.</summary>
    public List<WayIn> Records =>
    [
        new("grpclogs", "logs", tenant => CallAsync(tenant, h => new LogsService.LogsServiceClient(channel).ExportAsync(Logs(), h))),
        new("otlplogs", "logs", tenant => PostAsync(tenant, "/v1/logs", Logs().ToByteArray(), Protobuf)),
        new("grpcspans", "spans", tenant => CallAsync(tenant, h => new TraceService.TraceServiceClient(channel).ExportAsync(Spans(), h))),
        new("otlpspans", "spans", tenant => PostAsync(tenant, "/v1/traces", Bytes(OtlpRequests.Json(Spans())), Json)),
    ];

    /// <summary>Mesh's own contract, which refuses single items.</summary>
    public List<WayIn> Own =>
    [
        new("meshwrite", "samples", tenant => CallAsync(tenant, h => new TelemetryService.TelemetryServiceClient(channel).WriteAsync(
            new Ingestion.V1.WriteRequest { Parent = "tenants/" + tenant, Batch = OwnBatch() }, h))),
        new("meshstream", "samples", StreamAsync),
    ];

    private static ulong Nanoseconds => (ulong)Rows.Now * 1_000_000;

    private async Task<Reply> PostAsync(string tenant, string path, byte[] body, string type, string encoding = "")
    {
        using var answer = await new Posts(ingestion, tenant).ExchangeAsync(path, body, type, encoding);
        if (answer.IsSuccessStatusCode)
            return Reply.Taken;
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.True(answer.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1));
        if (path.StartsWith("/v1/", StringComparison.Ordinal) && type == Protobuf)
            Assert.NotNull(RpcStatus.Parser.ParseFrom(await answer.Content.ReadAsByteArrayAsync()).Detail<RetryInfo>());
        return Reply.SendAgain;
    }

    private static async Task<Reply> CallAsync<T>(string tenant, Func<Metadata, AsyncUnaryCall<T>> call)
    {
        try
        {
            await call([.. IngestionProcess.Headers, new Metadata.Entry("x-mesh-tenant", tenant)]);
            return Reply.Taken;
        }
        catch (RpcException exception)
        {
            return Refused(exception);
        }
    }

    private async Task<Reply> StreamAsync(string tenant)
    {
        try
        {
            using var sender = await Sender.OpenAsync(channel, tenant);
            Assert.Empty((await sender.SendAsync(OwnBatch())).Rejections);
            return Reply.Taken;
        }
        catch (RpcException exception)
        {
            return Refused(exception);
        }
    }

    private static Reply Refused(RpcException exception)
    {
        Assert.Equal(StatusCode.ResourceExhausted, exception.StatusCode);
        Assert.True(exception.Details()!.Detail<RetryInfo>()!.RetryDelay.ToTimeSpan() > TimeSpan.Zero);
        return Reply.SendAgain;
    }

    private static ExportMetricsServiceRequest Metrics()
    {
        var gauge = new Gauge { DataPoints = { Numbers.Select(i => new NumberDataPoint { TimeUnixNano = Nanoseconds - ((ulong)i * 1_000_000), AsInt = i }) } };
        return new() { ResourceMetrics = { new ResourceMetrics { ScopeMetrics = { new ScopeMetrics { Metrics = { new Metric { Name = "m", Gauge = gauge } } } } } } };
    }

    private static ExportLogsServiceRequest Logs()
    {
        var records = Numbers.Select(_ => new LogRecord { TimeUnixNano = Nanoseconds });
        return new() { ResourceLogs = { new ResourceLogs { ScopeLogs = { new ScopeLogs { LogRecords = { records } } } } } };
    }

    private static ExportTraceServiceRequest Spans()
    {
        var spans = Numbers.Select(_ => new Span { StartTimeUnixNano = Nanoseconds, Name = "s", TraceId = OtlpRequests.Id(16), SpanId = OtlpRequests.Id(8) });
        return new() { ResourceSpans = { new ResourceSpans { ScopeSpans = { new ScopeSpans { Spans = { spans } } } } } };
    }

    private static byte[] RemoteWrite()
    {
        var request = new RemoteWrite.WriteRequest();
        foreach (var i in Numbers)
            request.Series($"__name__=m,i={i}", (Rows.Now, i));
        return request.Pack();
    }

    private static byte[] OpenTsdb() =>
        Bytes($"[{string.Join(',', Numbers.Select(i => $$$"""{"metric":"m","timestamp":{{{Rows.Now}}},"value":{{{i}}},"tags":{"i":"{{{i}}}"}}"""))}]");

    private static byte[] Collectd() => Bytes($"[{string.Join(',', Numbers.Select(i =>
        $$$"""{"values":[{{{i}}}],"dstypes":["gauge"],"dsnames":["value"],"plugin":"m","type":"v","type_instance":"{{{i}}}","host":"h"}"""))}]");

    private static Batch OwnBatch() => new()
    {
        Number = 1,
        Series = { Sender.Series(1, "m") },
        Samples = Sender.Samples([.. Numbers.Select(i => (1u, Rows.Now - i, (double)i))]),
    };

    private static byte[] Lines(Func<int, string> line) => Bytes(string.Concat(Numbers.Select(i => line(i) + "\n")));

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
