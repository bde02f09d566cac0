using Mesh.Common.Errors;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Series;
using Mesh.Ingestion.Snappy;

namespace Mesh.Ingestion.RemoteWrite;

/// <summary>
/// Prometheus Remote-Write 1.0. The answer is 204 once everything is durable; 400 where a part was refused and the rest is
/// durable ("Invalid samples"); 429 and 503 with Retry-After where nothing was taken and the request is to be sent again
/// ("Retries &amp; backoff"). A sender of 2.0 is told 415, on which it falls back to 1.0.
/// </summary>
internal static class RemoteWriteEndpoint
{
    private const string Message = "prometheus.WriteRequest";

    public static void MapRemoteWrite(this WebApplication app)
    {
        app.MapPost("/api/v1/write", ReceiveAsync);
        app.MapPost("/api/v1/prom/write", ReceiveAsync);
    }

    private static async Task ReceiveAsync(HttpContext http, IntakeService intake, LabelCache labels)
    {
        var tenant = await HttpSender.WritesForAsync(http);
        PackedRequest.Check(http.Request, Message);
        using var body = await RequestBody.ReadRawAsync(http);
        var builder = Decode(http, body, tenant, intake, labels);
        await intake.WriteOnceAsync(builder, TakenRequests.KeyOf(tenant, Message, body.Span));
        if (builder.Rejections.Total > 0)
            throw MeshException.InvalidArgument("timeseries", $"Refused, while the rest was taken: {builder.Rejections.Describe()}");
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static BatchBuilder Decode(HttpContext http, RequestBody body, string tenant, IntakeService intake, LabelCache labels)
    {
        var builder = intake.Begin();
        try
        {
            var length = SnappyDecoder.ReadLength(body.Span, out _);
            if (length > RequestBody.MaxBytes)
                throw RequestBody.TooLarge(RequestBody.MaxBytes);
            using var room = http.RequestServices.GetRequiredService<BodyBudget>().Take(length);
            using var unpacked = new ByteBuffer(length + SnappyDecoder.Slack);
            SnappyDecoder.Decode(body.Span, unpacked);
            using var decoder = new RemoteWriteDecoder(tenant, builder, labels);
            decoder.Decode(unpacked.Span);
            ReceiverMetrics.Received("remote_write", decoder.Extras);
            return builder;
        }
        catch (Exception exception)
        {
            intake.Return(builder);
            if (exception is InvalidDataException)
                throw RequestBody.Unreadable(exception.Message);
            throw;
        }
    }
}
