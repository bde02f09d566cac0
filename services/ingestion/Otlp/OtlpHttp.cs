using System.IO.Compression;
using Google.Protobuf;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>OTLP/HTTP with protobuf bodies, plain or gzip.</summary>
internal static class OtlpHttp
{
    private const int MaxBytes = 16 << 20;
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
        var principal = await http.AuthenticateMeshAsync();
        var tenant = OtlpReceiver.TenantOf(principal, http.Request.Headers[OtlpReceiver.TenantHeader].ToString());
        if (http.Request.ContentType?.Split(';')[0].Trim() != ContentType)
            throw MeshException.InvalidArgument("content-type", $"Only {ContentType} is taken here.");

        var answer = await export(await ReadAsync(http.Request, parser, http.RequestAborted), tenant);
        http.Response.ContentType = ContentType;
        await http.Response.Body.WriteAsync(answer.ToByteArray(), http.RequestAborted);
    }

    private static async Task<T> ReadAsync<T>(HttpRequest request, MessageParser<T> parser, CancellationToken cancellationToken)
        where T : IMessage<T>
    {
        var encoding = request.Headers.ContentEncoding.ToString();
        var source = encoding switch
        {
            "" or "identity" => request.Body,
            "gzip" => new GZipStream(request.Body, CompressionMode.Decompress),
            _ => throw MeshException.InvalidArgument("content-encoding", "Only gzip is taken here."),
        };
        using var body = new MemoryStream();
        var buffer = new byte[64 << 10];
        try
        {
            for (int read; (read = await source.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                // A small body may unpack to a huge one: what counts is the unpacked size.
                if (body.Length + read > MaxBytes)
                    throw MeshException.ResourceExhausted("REQUEST_TOO_LARGE", "A request has at most 16 MiB, unpacked.");
                body.Write(buffer, 0, read);
            }

            body.Position = 0;
            return parser.ParseFrom(body);
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or InvalidDataException)
        {
            throw MeshException.InvalidArgument("body", "The body cannot be read: " + exception.Message);
        }
    }
}
