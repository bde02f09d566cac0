using System.Text;
using Google.Protobuf;
using Mesh.Common.Errors;
using Mesh.Ingestion.Receiving;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>
/// OTLP/HTTP (OTLP specification, "OTLP/HTTP"): protobuf and JSON, plain or gzip. The answer is of the request's kind, be it
/// an error or not.
/// </summary>
internal static class OtlpHttp
{
    private const string Protobuf = ProtobufErrors.ContentType;
    private const string Json = "application/json";

    public static void MapOtlp(this WebApplication app)
    {
        app.MapGrpcService<OtlpMetricsService>();
        app.MapGrpcService<OtlpLogsService>();
        app.MapGrpcService<OtlpTraceService>();
        var paths = app.MapGroup("/v1").WithMetadata(new ProtobufErrors());
        paths.MapPost("/metrics", (HttpContext http, OtlpReceiver receiver) =>
            AnswerAsync<ExportMetricsServiceRequest>(http, async (request, id) => await receiver.ExportMetricsAsync(request, id)));
        paths.MapPost("/logs", (HttpContext http, OtlpReceiver receiver) =>
            AnswerAsync<ExportLogsServiceRequest>(http, async (request, id) => await receiver.ExportLogsAsync(request, id)));
        paths.MapPost("/traces", (HttpContext http, OtlpReceiver receiver) =>
            AnswerAsync<ExportTraceServiceRequest>(http, async (request, id) => await receiver.ExportTracesAsync(request, id)));
    }

    private static async Task AnswerAsync<T>(HttpContext http, Func<ReadOnlyMemory<byte>, OtlpId, Task<IMessage>> export)
        where T : IMessage<T>, new()
    {
        var tenant = await HttpSender.WritesForAsync(http);
        var type = http.Request.ContentType?.Split(';')[0].Trim().ToLowerInvariant();
        if (type is not (Protobuf or Json))
            throw MeshException.InvalidArgument(ErrorTable.UnsupportedMediaType, "content-type", $"Only {Protobuf} and {Json} are taken here.");

        using var body = await RequestBody.ReadAsync(http);
        var id = OtlpId.Of(tenant, http.Request.Path, body.Span);
        var answer = await export(type == Json ? FromJson<T>(body) : body.Memory, id);
        http.Response.ContentType = type;
        var bytes = type == Json ? Encoding.UTF8.GetBytes(JsonFormatter.Default.Format(answer)) : answer.ToByteArray();
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
    }

    // JSON is the rare case: it takes the way of the other.
    private static byte[] FromJson<T>(RequestBody body)
        where T : IMessage<T>, new()
    {
        try
        {
            return OtlpJson.Parse<T>(body.Span).ToByteArray();
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or InvalidDataException)
        {
            throw RequestBody.Unreadable(exception.Message);
        }
    }
}
