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
            var attributes = Texts(OtlpResource.Of(group.Resource), translate: true);
            foreach (var log in group.ScopeLogs.SelectMany(scope => scope.LogRecords))
                Add(log, attributes, tenant, target);
        }

        target.EndRecords(tenant, RecordKind.Logs, target.Batch.Logs);
    }

    public static void Decode(ExportTraceServiceRequest request, string tenant, BatchBuilder target)
    {
        foreach (var group in request.ResourceSpans)
        {
            var resource = OtlpResource.Of(group.Resource);
            var attributes = Texts(resource, translate: false);
            foreach (var span in group.ScopeSpans.SelectMany(scope => scope.Spans))
                Add(span, resource.Service, attributes, tenant, target);
        }

        target.EndRecords(tenant, RecordKind.Spans, target.Batch.Spans);
    }

    private static void Add(
        OpenTelemetry.Proto.Logs.V1.LogRecord log, List<(string Key, string Value)> attributes, string tenant, BatchBuilder target)
    {
        var time = TimeOf(log.TimeUnixNano != 0 ? log.TimeUnixNano : log.ObservedTimeUnixNano, target);
        if (!IsTaken(time, target))
            return;

        var block = target.Batch.Logs;
        block.Tenant.Add(tenant);
        block.Time.Add(time);
        block.Severity.Add((byte)Math.Clamp(log.SeverityNumber, 0, 24));
        block.Body.Add(RecordDecoder.Cut(AnyValues.Text(log.Body)));
        Add(attributes, block.Labels);
        Add(log.Attributes, block.Labels, translate: true);
        block.Labels.EndRow();
        block.TraceId.Add(Hex(log.TraceId));
        block.SpanId.Add(Hex(log.SpanId));
        BatchBuilder.EndRow(block);
    }

    private static void Add(Span span, string service, List<(string Key, string Value)> attributes, string tenant, BatchBuilder target)
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
        block.Service.Add(service);
        block.Kind.Add((byte)Math.Clamp((int)span.Kind, 0, 5));
        block.Start.Add(time);
        block.Duration.Add(span.EndTimeUnixNano > span.StartTimeUnixNano ? (long)(span.EndTimeUnixNano - span.StartTimeUnixNano) : 0);
        block.Error.Add(span.Status?.Code == Status.Types.StatusCode.Error ? (byte)1 : (byte)0);
        block.StatusMessage.Add(RecordDecoder.Cut(span.Status?.Message ?? ""));
        Add(attributes, block.Attributes);
        Add(span.Attributes, block.Attributes, translate: false);
        block.Attributes.EndRow();
        BatchBuilder.EndRow(block);
    }

    private static bool IsTaken(long time, BatchBuilder target)
    {
        var fault = target.Window.CheckNanoseconds(time);
        if (fault != RejectionReason.None)
            target.Rejections.Add(fault);
        return fault == RejectionReason.None;
    }

    // The resource's attributes are those of each record: their texts are made once.
    private static List<(string Key, string Value)> Texts(OtlpResource resource, bool translate) =>
        [.. resource.Resource.Attributes.Select(attribute => TextOf(attribute, translate))];

    private static void Add(List<(string Key, string Value)> texts, MapColumn column)
    {
        foreach (var (key, value) in texts)
            column.AddPair(key, value);
    }

    private static void Add(RepeatedField<KeyValue> attributes, MapColumn column, bool translate)
    {
        foreach (var attribute in attributes)
        {
            var (key, value) = TextOf(attribute, translate);
            column.AddPair(key, value);
        }
    }

    // Logs are selected by labels, whose names have no dots; spans keep the names that OpenTelemetry gives.
    private static (string Key, string Value) TextOf(KeyValue attribute, bool translate) =>
        (translate ? Names.Translate(attribute.Key) : attribute.Key, RecordDecoder.Cut(AnyValues.Text(attribute.Value)));

    private static string Hex(ByteString bytes) => Convert.ToHexStringLower(bytes.Span);

    private static long TimeOf(ulong nanoseconds, BatchBuilder target) =>
        nanoseconds == 0 ? target.TakeTime() * 1_000_000 : (long)Math.Min(nanoseconds, long.MaxValue);
}
