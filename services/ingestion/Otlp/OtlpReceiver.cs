using Mesh.Ingestion.Intake;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>Takes OTLP requests, whichever way they came, and answers when they are durable.</summary>
public sealed class OtlpReceiver(IntakeService intake)
{
    public async Task<ExportMetricsServiceResponse> ExportAsync(ExportMetricsServiceRequest request, string tenant)
    {
        var rejections = await WriteAsync(target =>
        {
            using var decoder = new OtlpMetrics(tenant, target);
            decoder.Decode(request);
        });
        return rejections.Total == 0
            ? new ExportMetricsServiceResponse()
            : new() { PartialSuccess = new() { RejectedDataPoints = rejections.Total, ErrorMessage = rejections.Describe() } };
    }

    public async Task<ExportLogsServiceResponse> ExportAsync(ExportLogsServiceRequest request, string tenant)
    {
        var rejections = await WriteAsync(target => OtlpRecords.Decode(request, tenant, target));
        return rejections.Total == 0
            ? new ExportLogsServiceResponse()
            : new() { PartialSuccess = new() { RejectedLogRecords = rejections.Total, ErrorMessage = rejections.Describe() } };
    }

    public async Task<ExportTraceServiceResponse> ExportAsync(ExportTraceServiceRequest request, string tenant)
    {
        var rejections = await WriteAsync(target => OtlpRecords.Decode(request, tenant, target));
        return rejections.Total == 0
            ? new ExportTraceServiceResponse()
            : new() { PartialSuccess = new() { RejectedSpans = rejections.Total, ErrorMessage = rejections.Describe() } };
    }

    private async Task<Rejections> WriteAsync(Action<BatchBuilder> decode)
    {
        var builder = intake.Begin();
        decode(builder);
        await intake.WriteAsync(builder);
        return builder.Rejections;
    }
}
