using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Tables;

/// <summary>Rows of the table logs. Times are nanoseconds since 1970.</summary>
public sealed class LogBlock : Block
{
    public LogBlock()
        : this(new(), new("DateTime64(9, 'UTC')"), new("UInt8"), new(), new(), new(), new())
    {
    }

    private LogBlock(
        DictionaryColumn tenant, ValueColumn<long> time, ValueColumn<byte> severity, StringColumn body, MapColumn labels,
        StringColumn traceId, StringColumn spanId)
        : base(
            "logs", ("tenant", tenant), ("time", time), ("severity", severity), ("body", body), ("labels", labels),
            ("trace_id", traceId), ("span_id", spanId)) =>
        (Tenant, Time, Severity, Body, Labels, TraceId, SpanId) = (tenant, time, severity, body, labels, traceId, spanId);

    public DictionaryColumn Tenant { get; }

    public ValueColumn<long> Time { get; }

    public ValueColumn<byte> Severity { get; }

    public StringColumn Body { get; }

    public MapColumn Labels { get; }

    public StringColumn TraceId { get; }

    public StringColumn SpanId { get; }
}
