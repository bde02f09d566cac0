using Google.Protobuf;
using Google.Protobuf.Collections;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Log;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Series;
using Mesh.Ingestion.Telemetry;
using OpenTelemetry.Proto.Common.V1;
using OpenTelemetry.Proto.Resource.V1;
using OpenTelemetry.Proto.Trace.V1;
using LogRecord = OpenTelemetry.Proto.Logs.V1.LogRecord;

namespace Mesh.Ingestion.Otlp;

/// <summary>
/// Brings OTLP's log records and spans into their blocks. Attributes of the resource become attributes of each. One record
/// at a time becomes objects: a request of many small ones would take a hundred times its size otherwise.
/// </summary>
internal static class OtlpRecords
{
    /// <summary>The most that one record may have; what is larger is left out.</summary>
    public const int MaxRecordBytes = 4 << 20;

    public static void DecodeLogs(ReadOnlySpan<byte> request, string tenant, BatchBuilder target)
    {
        var groups = new WireReader(request);
        while (groups.TryReadMessage(1, out var group))
        {
            var attributes = Texts(ResourceOf(group), translate: true);
            var scopes = new WireReader(group);
            while (scopes.TryReadMessage(2, out var scope))
            {
                var records = new WireReader(scope);
                while (records.TryReadMessage(2, out var record))
                {
                    if (IsOfSize(record, target))
                        Add(LogRecord.Parser.ParseFrom(record), attributes, tenant, target);
                }
            }
        }

        target.EndRecords(tenant, RecordKind.Logs, target.Batch.Logs);
    }

    public static void DecodeSpans(ReadOnlySpan<byte> request, string tenant, BatchBuilder target)
    {
        var groups = new WireReader(request);
        while (groups.TryReadMessage(1, out var group))
        {
            var resource = ResourceOf(group);
            var attributes = Texts(resource, translate: false);
            var scopes = new WireReader(group);
            while (scopes.TryReadMessage(2, out var scope))
            {
                var records = new WireReader(scope);
                while (records.TryReadMessage(2, out var record))
                {
                    if (IsOfSize(record, target))
                        Add(Span.Parser.ParseFrom(record), resource.Service, attributes, tenant, target);
                }
            }
        }

        target.EndRecords(tenant, RecordKind.Spans, target.Batch.Spans);
    }

    // Field 1 of a group of logs and of one of spans; the last one counts.
    private static OtlpResource ResourceOf(ReadOnlySpan<byte> group)
    {
        ReadOnlySpan<byte> found = [];
        var reader = new WireReader(group);
        while (reader.TryReadMessage(1, out var next))
            found = next;
        return found.Length <= MaxRecordBytes ? OtlpResource.Of(Resource.Parser.ParseFrom(found)) : throw WriteAheadLog.TooLarge();
    }

    private static bool IsOfSize(ReadOnlySpan<byte> record, BatchBuilder target)
    {
        if (record.Length <= MaxRecordBytes)
            return true;
        target.Rejections.Add(RejectionReason.TooLarge);
        return false;
    }

    private static void Add(LogRecord log, List<(string Key, string Value)> attributes, string tenant, BatchBuilder target)
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
        // A record whose ids are none belongs to no trace (opentelemetry-proto, logs.proto).
        block.TraceId.Add(IsId(log.TraceId, 16) ? Hex(log.TraceId) : "");
        block.SpanId.Add(IsId(log.SpanId, 8) ? Hex(log.SpanId) : "");
        BatchBuilder.EndRow(block);
    }

    private static void Add(Span span, string service, List<(string Key, string Value)> attributes, string tenant, BatchBuilder target)
    {
        var time = TimeOf(span.StartTimeUnixNano, target);
        if (!IsTaken(time, target))
            return;
        if (!IsId(span.TraceId, 16) || !IsId(span.SpanId, 8) || span.ParentSpanId.Length is not (0 or 8))
        {
            target.Rejections.Add(RejectionReason.InvalidId);
            return;
        }

        var block = target.Batch.Spans;
        block.Tenant.Add(tenant);
        block.TraceId.Add(Hex(span.TraceId));
        block.SpanId.Add(Hex(span.SpanId));
        block.ParentSpanId.Add(IsId(span.ParentSpanId, 8) ? Hex(span.ParentSpanId) : "");
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

    private static bool IsId(ByteString bytes, int length) => bytes.Length == length && bytes.Span.ContainsAnyExcept((byte)0);

    private static string Hex(ByteString bytes) => Convert.ToHexStringLower(bytes.Span);

    private static long TimeOf(ulong nanoseconds, BatchBuilder target) =>
        nanoseconds == 0 ? target.TakeTime() * 1_000_000 : (long)Math.Min(nanoseconds, long.MaxValue);
}
