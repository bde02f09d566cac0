using Google.Protobuf;
using Grpc.Core;
using Mesh.Common.Auth;
using Mesh.Ingestion.Receiving;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Mesh.Ingestion.Otlp;

/// <summary>
/// OTLP/gRPC for metrics. Its requests are taken as bytes, which the generated base would not give. The server calls virtual
/// methods only, so this class has one and is not sealed.
/// </summary>
[BindServiceMethod(typeof(OtlpMetricsService), nameof(BindService))]
public class OtlpMetricsService(OtlpReceiver receiver)
{
    public static ServiceDescriptor Descriptor => MetricsService.Descriptor;

    public static void BindService(ServiceBinderBase binder, OtlpMetricsService? service) =>
        OtlpCall.Bind(binder, Descriptor, ExportMetricsServiceResponse.Parser, service is null ? null : service.Export);

    public virtual async Task<ExportMetricsServiceResponse> Export(OtlpBody request, ServerCallContext context)
    {
        using (request)
            return await receiver.ExportMetricsAsync(request.Memory, OtlpCall.IdOf(request, context));
    }
}

/// <summary>OTLP/gRPC for log records.</summary>
[BindServiceMethod(typeof(OtlpLogsService), nameof(BindService))]
public class OtlpLogsService(OtlpReceiver receiver)
{
    public static ServiceDescriptor Descriptor => LogsService.Descriptor;

    public static void BindService(ServiceBinderBase binder, OtlpLogsService? service) =>
        OtlpCall.Bind(binder, Descriptor, ExportLogsServiceResponse.Parser, service is null ? null : service.Export);

    public virtual async Task<ExportLogsServiceResponse> Export(OtlpBody request, ServerCallContext context)
    {
        using (request)
            return await receiver.ExportLogsAsync(request.Memory, OtlpCall.IdOf(request, context));
    }
}

/// <summary>OTLP/gRPC for spans.</summary>
[BindServiceMethod(typeof(OtlpTraceService), nameof(BindService))]
public class OtlpTraceService(OtlpReceiver receiver)
{
    public static ServiceDescriptor Descriptor => TraceService.Descriptor;

    public static void BindService(ServiceBinderBase binder, OtlpTraceService? service) =>
        OtlpCall.Bind(binder, Descriptor, ExportTraceServiceResponse.Parser, service is null ? null : service.Export);

    public virtual async Task<ExportTraceServiceResponse> Export(OtlpBody request, ServerCallContext context)
    {
        using (request)
            return await receiver.ExportTracesAsync(request.Memory, OtlpCall.IdOf(request, context));
    }
}

file static class OtlpCall
{
    /// <summary>Binds the one method that each of OTLP's services has.</summary>
    public static void Bind<T>(ServiceBinderBase binder, ServiceDescriptor service, MessageParser<T> parser, UnaryServerMethod<OtlpBody, T>? handler)
        where T : class, IMessage<T>
    {
        var answers = Marshallers.Create(static answer => answer.ToByteArray(), parser.ParseFrom);
        binder.AddMethod(new Method<OtlpBody, T>(MethodType.Unary, service.FullName, "Export", OtlpBody.Marshaller, answers), handler);
    }

    /// <summary>Whose request it is, and which.</summary>
    public static OtlpId IdOf(OtlpBody request, ServerCallContext context)
    {
        CallBodies.Cover(context, request.Memory.Length);
        return OtlpId.Of(HttpSender.WritesFor(context.Principal(), context.RequestHeaders.GetValue(HttpSender.TenantHeader)), context.Method, request.Memory.Span);
    }
}
