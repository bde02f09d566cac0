using Google.Protobuf;
using Google.Protobuf.Collections;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Series;
using Mesh.Ingestion.Telemetry;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;
using OpenTelemetry.Proto.Common.V1;
using OpenTelemetry.Proto.Trace.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>Brings OTLP's log records and spans into their blocks. Attributes of the resource become attributes of each.</summary>
internal static class OtlpRecords
{
    public static void Decode(ExportLogsServiceRequest request, string tenant, BatchBuilder target)
    {
        foreach (var group in request.ResourceLogs)
        {
            var resource = OtlpResource.Of(group.Resource);
            foreach (var log in group.ScopeLogs.SelectMany(scope => scope.LogRecords))
                Add(log, resource, tenant, target);
        }
    }

    public static void Decode(ExportTraceServiceRequest request, string tenant, BatchBuilder target)
    {
        foreach (var group in request.ResourceSpans)
        {
            var resource = OtlpResource.Of(group.Resource);
            foreach (var span in group.ScopeSpans.SelectMany(scope => scope.Spans))
                Add(span, resource, tenant, target);
        }
    }

    private static void Add(OpenTelemetry.Proto.Logs.V1.LogRecord log, OtlpResource resource, string tenant, BatchBuilder target)
    {
        var time = TimeOf(log.TimeUnixNano != 0 ? log.TimeUnixNano : log.ObservedTimeUnixNano, target);
        if (!IsTaken(time, target))
            return;

        var block = target.Batch.Logs;
        block.Tenant.Add(tenant);
        block.Time.Add(time);
        block.Severity.Add((byte)Math.Clamp(log.SeverityNumber, 0, 24));
        block.Body.Add(RecordDecoder.Cut(AnyValues.Text(log.Body)));
        Add(resource.Resource.Attributes, block.Labels, translate: true);
        Add(log.Attributes, block.Labels, translate: true);
        block.Labels.EndRow();
        block.TraceId.Add(Hex(log.TraceId));
        block.SpanId.Add(Hex(log.SpanId));
    }

    private static void Add(Span span, OtlpResource resource, string tenant, BatchBuilder target)
    {
        var time = TimeOf(span.StartTimeUnixNano, target);
        if (!IsTaken(time, target))
            return;

        var block = target.Batch.Spans;
        block.Tenant.Add(tenant);
        block.TraceId.Add(Hex(span.TraceId));
        block.SpanId.Add(Hex(span.SpanId));
        block.ParentSpanId.Add(Hex(span.ParentSpanId));
        block.Operation.Add(span.Name);
        block.Service.Add(resource.Service);
        block.Kind.Add((byte)Math.Clamp((int)span.Kind, 0, 5));
        block.Start.Add(time);
        block.Duration.Add(span.EndTimeUnixNano > span.StartTimeUnixNano ? (long)(span.EndTimeUnixNano - span.StartTimeUnixNano) : 0);
        block.Error.Add(span.Status?.Code == Status.Types.StatusCode.Error ? (byte)1 : (byte)0);
        block.StatusMessage.Add(RecordDecoder.Cut(span.Status?.Message ?? ""));
        Add(resource.Resource.Attributes, block.Attributes, translate: false);
        Add(span.Attributes, block.Attributes, translate: false);
        block.Attributes.EndRow();
    }

    private static bool IsTaken(long time, BatchBuilder target)
    {
        var fault = target.Window.CheckNanoseconds(time);
        if (fault != RejectionReason.None)
            target.Rejections.Add(fault);
        return fault == RejectionReason.None;
    }

    // Logs are selected by labels, whose names have no dots; spans keep the names that OpenTelemetry gives.
    private static void Add(RepeatedField<KeyValue> attributes, MapColumn column, bool translate)
    {
        foreach (var attribute in attributes)
            column.AddPair(translate ? Names.Translate(attribute.Key) : attribute.Key, RecordDecoder.Cut(AnyValues.Text(attribute.Value)));
    }

    private static string Hex(ByteString bytes) => Convert.ToHexStringLower(bytes.Span);

    private static long TimeOf(ulong nanoseconds, BatchBuilder target) =>
        nanoseconds == 0 ? target.TakeTime() * 1_000_000 : (long)Math.Min(nanoseconds, long.MaxValue);
}
