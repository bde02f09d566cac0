using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Tables;

/// <summary>Rows of the table samples. Times are milliseconds since 1970.</summary>
public sealed class SampleBlock : Block
{
    public SampleBlock()
        : this(new(), new("UInt64"), new("DateTime64(3, 'UTC')"), new("Float64"))
    {
    }

    private SampleBlock(DictionaryColumn tenant, ValueColumn<ulong> series, ValueColumn<long> time, ValueColumn<double> value)
        : base("samples", ("tenant", tenant), ("series", series), ("time", time), ("value", value)) =>
        (Tenant, Series, Time, Value) = (tenant, series, time, value);

    public DictionaryColumn Tenant { get; }

    public ValueColumn<ulong> Series { get; }

    public ValueColumn<long> Time { get; }

    public ValueColumn<double> Value { get; }
}
