using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Tables;

/// <summary>Rows of the table events. Times are nanoseconds since 1970.</summary>
public sealed class EventBlock : Block
{
    public EventBlock()
        : this(new(), new("DateTime64(9, 'UTC')"), new(), new(), new(), new())
    {
    }

    private EventBlock(
        DictionaryColumn tenant, ValueColumn<long> time, DictionaryColumn type, StringColumn subject, MapColumn labels, StringColumn body)
        : base("events", ("tenant", tenant), ("time", time), ("type", type), ("subject", subject), ("labels", labels), ("body", body)) =>
        (Tenant, Time, Type, Subject, Labels, Body) = (tenant, time, type, subject, labels, body);

    public DictionaryColumn Tenant { get; }

    public ValueColumn<long> Time { get; }

    public DictionaryColumn Type { get; }

    public StringColumn Subject { get; }

    public MapColumn Labels { get; }

    public StringColumn Body { get; }
}
