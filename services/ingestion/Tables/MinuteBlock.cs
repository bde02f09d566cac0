using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Tables;

/// <summary>Rows of the table samples_1m. Times are seconds since 1970.</summary>
public sealed class MinuteBlock : Block
{
    public MinuteBlock()
        : this(new(), new("UInt64"), new("DateTime('UTC')"), new("UInt8"), new("Int64"), new("Int64"), new("Int64"), new("Float64"), new("UInt64"))
    {
    }

    private MinuteBlock(
        DictionaryColumn tenant, ValueColumn<ulong> series, ValueColumn<uint> time, ValueColumn<byte> scale, ValueColumn<long> min,
        ValueColumn<long> max, ValueColumn<long> sum, ValueColumn<double> rawSum, ValueColumn<ulong> count)
        : base(
            "samples_1m", ("tenant", tenant), ("series", series), ("time", time), ("scale", scale), ("min_mantissa", min), ("max_mantissa", max),
            ("sum_mantissa", sum), ("sum_raw", rawSum), ("count", count)) =>
        (Tenant, Series, Time, Scale, Min, Max, Sum, RawSum, Count) = (tenant, series, time, scale, min, max, sum, rawSum, count);

    public DictionaryColumn Tenant { get; }

    public ValueColumn<ulong> Series { get; }

    public ValueColumn<uint> Time { get; }

    public ValueColumn<byte> Scale { get; }

    public ValueColumn<long> Min { get; }

    public ValueColumn<long> Max { get; }

    public ValueColumn<long> Sum { get; }

    public ValueColumn<double> RawSum { get; }

    public ValueColumn<ulong> Count { get; }
}
