using Grpc.Core;
using Mesh.Common.Auth;
using Mesh.Ingestion.Receiving;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>OTLP/gRPC for metrics.</summary>
public sealed class OtlpMetricsService(OtlpReceiver receiver) : MetricsService.MetricsServiceBase
{
    public override Task<ExportMetricsServiceResponse> Export(ExportMetricsServiceRequest request, ServerCallContext context) =>
        receiver.ExportAsync(request, OtlpCall.TenantOf(context));
}

/// <summary>OTLP/gRPC for log records.</summary>
public sealed class OtlpLogsService(OtlpReceiver receiver) : LogsService.LogsServiceBase
{
    public override Task<ExportLogsServiceResponse> Export(ExportLogsServiceRequest request, ServerCallContext context) =>
        receiver.ExportAsync(request, OtlpCall.TenantOf(context));
}

/// <summary>OTLP/gRPC for spans.</summary>
public sealed class OtlpTraceService(OtlpReceiver receiver) : TraceService.TraceServiceBase
{
    public override Task<ExportTraceServiceResponse> Export(ExportTraceServiceRequest request, ServerCallContext context) =>
        receiver.ExportAsync(request, OtlpCall.TenantOf(context));
}

file static class OtlpCall
{
    public static string TenantOf(ServerCallContext context) =>
        HttpSender.WritesFor(context.Principal(), context.RequestHeaders.GetValue(HttpSender.TenantHeader));
}
