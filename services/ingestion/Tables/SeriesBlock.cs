using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Tables;

/// <summary>Rows of the table series. <see cref="Seen"/> is in seconds since 1970.</summary>
public sealed class SeriesBlock : Block
{
    public SeriesBlock()
        : this(new("UInt64"), new(), new(), new(), new("DateTime('UTC')"))
    {
    }

    private SeriesBlock(
        ValueColumn<ulong> id, DictionaryColumn tenant, DictionaryColumn metric, MapColumn labels, ValueColumn<uint> seen)
        : base("series", ("id", id), ("tenant", tenant), ("metric", metric), ("labels", labels), ("seen", seen)) =>
        (Id, Tenant, Metric, Labels, Seen) = (id, tenant, metric, labels, seen);

    public ValueColumn<ulong> Id { get; }

    public DictionaryColumn Tenant { get; }

    public DictionaryColumn Metric { get; }

    public MapColumn Labels { get; }

    public ValueColumn<uint> Seen { get; }
}
