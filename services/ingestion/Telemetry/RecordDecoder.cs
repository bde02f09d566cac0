using System.Buffers;
using System.Text;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Series;

namespace Mesh.Ingestion.Telemetry;

/// <summary>Brings logs, spans and events of a batch into their blocks.</summary>
internal static class RecordDecoder
{
    public const int MaxBodyBytes = 64 << 10;
    private const string CutMark = "… [cut]";

    private const int TraceIdDigits = 32, SpanIdDigits = 16;
    private static readonly SearchValues<char> s_hexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    public static void Decode(RepeatedField<V1.LogRecord> logs, WriteScope scope, BatchBuilder target)
    {
        var block = target.Batch.Logs;
        foreach (var log in logs)
        {
            var time = TimeOf(log.Time, target.Window);
            if (!IsTaken(scope, log.Tenant, time, log.Labels, target, out var tenant)
                || !HasIds(log, target)
                || !target.TakeRecord(tenant, RecordKind.Logs, log.CalculateSize()))
                continue;
            block.Tenant.Add(tenant);
            block.Time.Add(time);
            block.Severity.Add((byte)Math.Clamp((int)log.Severity, 0, 24));
            block.Body.Add(Cut(log.Body));
            Add(log.Labels, block.Labels);
            // As those of spans, so that a trace's records are found by its id.
            block.TraceId.Add(log.TraceId.ToLowerInvariant());
            block.SpanId.Add(log.SpanId.ToLowerInvariant());
        }
    }

    public static void Decode(RepeatedField<V1.Span> spans, WriteScope scope, BatchBuilder target)
    {
        var block = target.Batch.Spans;
        foreach (var span in spans)
        {
            var time = TimeOf(span.StartTime, target.Window);
            if (!IsTaken(scope, span.Tenant, time, span.Attributes, target, out var tenant)
                || !HasIds(span, target)
                || !target.TakeRecord(tenant, RecordKind.Spans, span.CalculateSize()))
                continue;
            block.Tenant.Add(tenant);
            // Traces are asked for in lower case.
            block.TraceId.Add(span.TraceId.ToLowerInvariant());
            block.SpanId.Add(span.SpanId.ToLowerInvariant());
            block.ParentSpanId.Add(span.ParentSpanId.ToLowerInvariant());
            block.Operation.Add(span.Operation);
            block.Service.Add(span.Service);
            block.Kind.Add((byte)Math.Clamp((int)span.Kind, 0, 5));
            block.Start.Add(time);
            block.Duration.Add(span.DurationNanos);
            block.Error.Add(span.Error ? (byte)1 : (byte)0);
            block.StatusMessage.Add(Cut(span.StatusMessage));
            Add(span.Attributes, block.Attributes);
        }
    }

    public static void Decode(RepeatedField<V1.Event> events, WriteScope scope, BatchBuilder target)
    {
        var block = target.Batch.Events;
        foreach (var item in events)
        {
            var time = TimeOf(item.Time, target.Window);
            if (!IsTaken(scope, item.Tenant, time, item.Labels, target, out var tenant))
                continue;
            if (Encoding.UTF8.GetByteCount(item.Body) > MaxBodyBytes)
            {
                target.Rejections.Add(RejectionReason.TooLarge);
                continue;
            }

            if (!target.TakeRecord(tenant, RecordKind.Events, item.CalculateSize()))
                continue;
            block.Tenant.Add(tenant);
            block.Time.Add(time);
            block.Type.Add(item.Type);
            block.Subject.Add(item.Subject);
            Add(item.Labels, block.Labels);
            block.Body.Add(item.Body);
        }
    }

    /// <summary>The text, or as much of it as is kept and a mark.</summary>
    public static string Cut(string text)
    {
        if (text.Length * 3 <= MaxBodyBytes || Encoding.UTF8.GetByteCount(text) <= MaxBodyBytes)
            return text;
        var length = MaxBodyBytes / 3;
        return string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[length - 1]) ? length - 1 : length), CutMark);
    }

    private static bool IsTaken(
        WriteScope scope, string name, long time, RepeatedField<V1.Label> labels, BatchBuilder target, out string tenant)
    {
        tenant = scope.Resolve(name) ?? "";
        var fault = tenant.Length == 0 ? RejectionReason.ForeignTenant : target.Window.CheckNanoseconds(time);
        if (fault == RejectionReason.None)
            fault = Check(labels);
        if (fault != RejectionReason.None)
            target.Rejections.Add(fault);
        return fault == RejectionReason.None;
    }

    private static bool HasIds(V1.LogRecord log, BatchBuilder target) =>
        Valid(IsIdOrEmpty(log.TraceId, TraceIdDigits) && IsIdOrEmpty(log.SpanId, SpanIdDigits), target);

    private static bool HasIds(V1.Span span, BatchBuilder target) =>
        Valid(IsId(span.TraceId, TraceIdDigits) && IsId(span.SpanId, SpanIdDigits) && IsIdOrEmpty(span.ParentSpanId, SpanIdDigits), target);

    private static bool Valid(bool valid, BatchBuilder target)
    {
        if (!valid)
            target.Rejections.Add(RejectionReason.InvalidId);
        return valid;
    }

    private static bool IsIdOrEmpty(string id, int digits) => id.Length == 0 || IsId(id, digits);

    private static bool IsId(string id, int digits) =>
        id.Length == digits && !id.AsSpan().ContainsAnyExcept(s_hexDigits) && id.AsSpan().ContainsAnyExcept('0');

    private static RejectionReason Check(RepeatedField<V1.Label> labels)
    {
        if (labels.Count > SeriesBuilder.MaxLabels)
            return RejectionReason.TooManyLabels;
        foreach (var label in labels)
        {
            if (label.Name.Length is 0 or > SeriesBuilder.MaxLabelNameBytes)
                return RejectionReason.InvalidLabelName;
            if (label.Value.Length > MaxBodyBytes / 4)
                return RejectionReason.LabelValueTooLong;
        }

        return RejectionReason.None;
    }

    private static void Add(RepeatedField<V1.Label> labels, MapColumn column)
    {
        foreach (var label in labels)
            column.AddPair(label.Name, label.Value);
        column.EndRow();
    }

    // No time means now; a time that does not fit is far off and refused as such.
    private static long TimeOf(Timestamp? time, TimeWindow window)
    {
        if (time is null)
            return window.NowMilliseconds * 1_000_000;
        return time.Seconds switch
        {
            < 0 => 0,
            > 9_000_000_000 => long.MaxValue,
            _ => time.Seconds * 1_000_000_000 + Math.Clamp(time.Nanos, 0, 999_999_999),
        };
    }
}
