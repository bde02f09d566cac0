using Mesh.Ingestion.Intake;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>Takes OTLP requests, whichever way they came, and answers when they are durable.</summary>
public sealed class OtlpReceiver(IntakeService intake, DeltaSums sums)
{
    public async Task<ExportMetricsServiceResponse> ExportAsync(ExportMetricsServiceRequest request, OtlpId id)
    {
        // Sums since the point before change what is kept of their series, so such requests follow one another.
        using var deltas = DeltaSums.In(request) ? await sums.EnterAsync(id.Tenant) : null;
        var (rejections, written) = await WriteAsync(id, target =>
        {
            using var decoder = new OtlpMetrics(id.Tenant, target, deltas);
            decoder.Decode(request);
        });
        // What came again is in the sums already.
        if (written)
            deltas?.Commit();
        return rejections.Total == 0
            ? new ExportMetricsServiceResponse()
            : new() { PartialSuccess = new() { RejectedDataPoints = rejections.Total, ErrorMessage = rejections.Describe() } };
    }

    public async Task<ExportLogsServiceResponse> ExportAsync(ExportLogsServiceRequest request, OtlpId id)
    {
        var (rejections, _) = await WriteAsync(id, target => OtlpRecords.Decode(request, id.Tenant, target));
        return rejections.Total == 0
            ? new ExportLogsServiceResponse()
            : new() { PartialSuccess = new() { RejectedLogRecords = rejections.Total, ErrorMessage = rejections.Describe() } };
    }

    public async Task<ExportTraceServiceResponse> ExportAsync(ExportTraceServiceRequest request, OtlpId id)
    {
        var (rejections, _) = await WriteAsync(id, target => OtlpRecords.Decode(request, id.Tenant, target));
        return rejections.Total == 0
            ? new ExportTraceServiceResponse()
            : new() { PartialSuccess = new() { RejectedSpans = rejections.Total, ErrorMessage = rejections.Describe() } };
    }

    private async Task<(Rejections Rejections, bool Written)> WriteAsync(OtlpId id, Action<BatchBuilder> decode)
    {
        var builder = intake.Begin();
        try
        {
            decode(builder);
        }
        catch
        {
            intake.Return(builder);
            throw;
        }

        var written = await intake.WriteOnceAsync(builder, id.Key);
        return (builder.Rejections, written);
    }
}
