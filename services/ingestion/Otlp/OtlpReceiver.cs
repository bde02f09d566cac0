using Google.Protobuf;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Series;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>Takes OTLP requests in protobuf, whichever way they came, and answers when they are durable.</summary>
public sealed class OtlpReceiver(IntakeService intake, LabelCache labels, DeltaSums sums)
{
    public async Task<ExportMetricsServiceResponse> ExportMetricsAsync(ReadOnlyMemory<byte> request, OtlpId id)
    {
        // Sums since the point before change what is kept of their series, so such requests follow one another.
        using var deltas = HasDeltas(request.Span) ? await sums.EnterAsync(id.Tenant) : null;
        var refused = 0L;
        var (rejections, written) = await WriteAsync(id, target =>
        {
            using var decoder = new OtlpMetrics(id.Tenant, target, labels, deltas);
            decoder.Decode(request.Span);
            refused = decoder.RefusedPoints;
        });
        // What came again is in the sums already.
        if (written)
            deltas?.Commit();
        return refused == 0
            ? new ExportMetricsServiceResponse()
            : new() { PartialSuccess = new() { RejectedDataPoints = refused, ErrorMessage = rejections.Describe() } };
    }

    public async Task<ExportLogsServiceResponse> ExportLogsAsync(ReadOnlyMemory<byte> request, OtlpId id)
    {
        var (rejections, _) = await WriteAsync(id, target => OtlpRecords.DecodeLogs(request.Span, id.Tenant, target));
        return rejections.Total == 0
            ? new ExportLogsServiceResponse()
            : new() { PartialSuccess = new() { RejectedLogRecords = rejections.Total, ErrorMessage = rejections.Describe() } };
    }

    public async Task<ExportTraceServiceResponse> ExportTracesAsync(ReadOnlyMemory<byte> request, OtlpId id)
    {
        var (rejections, _) = await WriteAsync(id, target => OtlpRecords.DecodeSpans(request.Span, id.Tenant, target));
        return rejections.Total == 0
            ? new ExportTraceServiceResponse()
            : new() { PartialSuccess = new() { RejectedSpans = rejections.Total, ErrorMessage = rejections.Describe() } };
    }

    private static bool HasDeltas(ReadOnlySpan<byte> request)
    {
        try
        {
            return OtlpMetrics.HasDeltas(request);
        }
        catch (InvalidDataException exception)
        {
            throw RequestBody.Unreadable(exception.Message);
        }
    }

    private async Task<(Rejections Rejections, bool Written)> WriteAsync(OtlpId id, Action<BatchBuilder> decode)
    {
        var builder = intake.Begin();
        try
        {
            decode(builder);
            ReceiverMetrics.Received("otlp");
        }
        catch (Exception exception)
        {
            intake.Return(builder);
            if (exception is InvalidDataException or InvalidProtocolBufferException)
                throw RequestBody.Unreadable(exception.Message);
            throw;
        }

        var written = await intake.WriteOnceAsync(builder, id.Key);
        return (builder.Rejections, written);
    }
}
