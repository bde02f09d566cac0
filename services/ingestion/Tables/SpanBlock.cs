using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Tables;

/// <summary>Rows of the table spans. Times and durations are in nanoseconds.</summary>
public sealed class SpanBlock : Block
{
    public SpanBlock()
        : this(new(), new(), new(), new(), new(), new(), new("UInt8"), new("DateTime64(9, 'UTC')"), new("Int64"), new("UInt8"), new(), new())
    {
    }

    private SpanBlock(
        DictionaryColumn tenant, StringColumn traceId, StringColumn spanId, StringColumn parentSpanId, DictionaryColumn operation,
        DictionaryColumn service, ValueColumn<byte> kind, ValueColumn<long> start, ValueColumn<long> duration,
        ValueColumn<byte> error, StringColumn statusMessage, MapColumn attributes)
        : base(
            "spans", ("tenant", tenant), ("trace_id", traceId), ("span_id", spanId), ("parent_span_id", parentSpanId),
            ("operation", operation), ("service", service), ("kind", kind), ("start", start), ("duration", duration),
            ("error", error), ("status_message", statusMessage), ("attributes", attributes))
    {
        (Tenant, TraceId, SpanId, ParentSpanId, Operation, Service) = (tenant, traceId, spanId, parentSpanId, operation, service);
        (Kind, Start, Duration, Error, StatusMessage, Attributes) = (kind, start, duration, error, statusMessage, attributes);
    }

    public DictionaryColumn Tenant { get; }

    public StringColumn TraceId { get; }

    public StringColumn SpanId { get; }

    public StringColumn ParentSpanId { get; }

    public DictionaryColumn Operation { get; }

    public DictionaryColumn Service { get; }

    public ValueColumn<byte> Kind { get; }

    public ValueColumn<long> Start { get; }

    public ValueColumn<long> Duration { get; }

    public ValueColumn<byte> Error { get; }

    public StringColumn StatusMessage { get; }

    public MapColumn Attributes { get; }
}
