using Mesh.Auth.V1;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Telemetry;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>Takes OTLP requests, whichever way they came, and answers when they are durable.</summary>
public sealed class OtlpReceiver(IntakeService intake)
{
    /// <summary>The header that names the tenant, for callers who may write for several.</summary>
    public const string TenantHeader = "x-mesh-tenant";

    public async Task<ExportMetricsServiceResponse> ExportAsync(ExportMetricsServiceRequest request, string tenant)
    {
        var rejections = await WriteAsync(target =>
        {
            using var decoder = new OtlpMetrics(tenant, target);
            decoder.Decode(request);
        });
        return rejections.Total == 0
            ? new ExportMetricsServiceResponse()
            : new() { PartialSuccess = new() { RejectedDataPoints = rejections.Total, ErrorMessage = Message(rejections) } };
    }

    public async Task<ExportLogsServiceResponse> ExportAsync(ExportLogsServiceRequest request, string tenant)
    {
        var rejections = await WriteAsync(target => OtlpRecords.Decode(request, tenant, target));
        return rejections.Total == 0
            ? new ExportLogsServiceResponse()
            : new() { PartialSuccess = new() { RejectedLogRecords = rejections.Total, ErrorMessage = Message(rejections) } };
    }

    public async Task<ExportTraceServiceResponse> ExportAsync(ExportTraceServiceRequest request, string tenant)
    {
        var rejections = await WriteAsync(target => OtlpRecords.Decode(request, tenant, target));
        return rejections.Total == 0
            ? new ExportTraceServiceResponse()
            : new() { PartialSuccess = new() { RejectedSpans = rejections.Total, ErrorMessage = Message(rejections) } };
    }

    /// <summary>
    /// The tenant that a caller writes for: the one he names, or the only one in which he may write. Mesh's own programs
    /// that name none write for the platform.
    /// </summary>
    public static string TenantOf(Principal principal, string? named)
    {
        if (principal.IsAnonymous)
            throw MeshException.Unauthenticated("TOKEN_REQUIRED", "Telemetry needs a token.");
        if (!string.IsNullOrEmpty(named))
        {
            var tenant = TenantName.TryOwnerOf(named, out var owner) ? owner : TenantName.CheckId(named, TenantHeader);
            principal.Demand("telemetry.write", Role.Developer, tenant);
            return tenant;
        }

        if (principal.HoldsEverything)
            return WriteScope.Platform;
        var tenants = principal.Roles.Where(role => role.Value >= Role.Developer).Select(role => role.Key).ToList();
        return tenants.Count == 1
            ? tenants[0]
            : throw MeshException.InvalidArgument(TenantHeader, "Name the tenant in this header: you may write for none or for several.");
    }

    private async Task<Rejections> WriteAsync(Action<BatchBuilder> decode)
    {
        var builder = intake.Begin();
        decode(builder);
        await intake.WriteAsync(builder);
        return builder.Rejections;
    }

    private static string Message(Rejections rejections) =>
        string.Join(' ', rejections.Counts.Select(item => $"{item.Count}: {Rejections.Message(item.Reason)}"));
}
