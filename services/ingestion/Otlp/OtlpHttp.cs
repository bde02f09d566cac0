using Google.Protobuf;
using Mesh.Common.Errors;
using Mesh.Ingestion.Receiving;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>OTLP/HTTP with protobuf bodies, plain or gzip.</summary>
internal static class OtlpHttp
{
    private const string ContentType = "application/x-protobuf";

    public static void MapOtlp(this WebApplication app)
    {
        app.MapGrpcService<OtlpMetricsService>();
        app.MapGrpcService<OtlpLogsService>();
        app.MapGrpcService<OtlpTraceService>();
        app.MapPost("/v1/metrics", (HttpContext http, OtlpReceiver receiver) =>
            AnswerAsync(http, ExportMetricsServiceRequest.Parser, async (request, tenant) => await receiver.ExportAsync(request, tenant)));
        app.MapPost("/v1/logs", (HttpContext http, OtlpReceiver receiver) =>
            AnswerAsync(http, ExportLogsServiceRequest.Parser, async (request, tenant) => await receiver.ExportAsync(request, tenant)));
        app.MapPost("/v1/traces", (HttpContext http, OtlpReceiver receiver) =>
            AnswerAsync(http, ExportTraceServiceRequest.Parser, async (request, tenant) => await receiver.ExportAsync(request, tenant)));
    }

    private static async Task AnswerAsync<T>(HttpContext http, MessageParser<T> parser, Func<T, string, Task<IMessage>> export)
        where T : IMessage<T>
    {
        var tenant = await HttpSender.WritesForAsync(http);
        if (http.Request.ContentType?.Split(';')[0].Trim() != ContentType)
            throw MeshException.InvalidArgument("content-type", $"Only {ContentType} is taken here.");

        var answer = await export(await ReadAsync(http, parser), tenant);
        http.Response.ContentType = ContentType;
        await http.Response.Body.WriteAsync(answer.ToByteArray(), http.RequestAborted);
    }

    private static async Task<T> ReadAsync<T>(HttpContext http, MessageParser<T> parser)
        where T : IMessage<T>
    {
        using var body = await RequestBody.ReadAsync(http);
        try
        {
            return parser.ParseFrom(body.Span);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw RequestBody.Unreadable(exception.Message);
        }
    }
}
