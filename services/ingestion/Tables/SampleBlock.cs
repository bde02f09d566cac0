using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Tables;

/// <summary>Rows of the table samples. Times are milliseconds since 1970.</summary>
public sealed class SampleBlock : Block
{
    public SampleBlock()
        : this(new(), new("UInt64"), new("DateTime64(3, 'UTC')"), new("UInt8"), new("Int64"))
    {
    }

    private SampleBlock(
        DictionaryColumn tenant, ValueColumn<ulong> series, ValueColumn<long> time, ValueColumn<byte> scale, ValueColumn<long> mantissa)
        : base("samples", ("tenant", tenant), ("series", series), ("time", time), ("scale", scale), ("mantissa", mantissa))
    {
        (Tenant, Series, Time, Scale, Mantissa) = (tenant, series, time, scale, mantissa);
        Value = new SampleValues(scale, mantissa);
    }

    public DictionaryColumn Tenant { get; }

    public ValueColumn<ulong> Series { get; }

    public ValueColumn<long> Time { get; }

    public ValueColumn<byte> Scale { get; }

    public ValueColumn<long> Mantissa { get; }

    public SampleValues Value { get; }
}
