using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Rollups;

/// <summary>
/// What the samples of one series within one minute come to, as far as they have one scale. Whole numbers are added exactly, whatever they
/// come to; the sum of raw values is kept as the bits of a double, and their least and greatest in an order of whole numbers.
/// </summary>
internal struct MinuteRow
{
    // A sum beyond this is written as a double, which holds every whole number below it. So the table can add a thousand parts of
    // the same minute without overflow.
    private const long MaxSum = 1L << 53;

    public ulong Series;
    public long Min;
    public long Max;
    public long Sum;
    public uint Minute;
    public uint Count;
    public int Tenant;
    public byte Scale;

    // What lies above the 64 bits of a sum of whole numbers. A roll-up has some millions of samples below 2^53: sixteen bits are enough.
    private short _high;

    public static MinuteRow Of(int tenant, ulong series, uint minute, DecimalValue value)
    {
        var ordered = value.IsRaw ? Ordered(value.Mantissa) : value.Mantissa;
        return new MinuteRow
        {
            Tenant = tenant, Series = series, Minute = minute, Scale = value.Scale, Min = ordered, Max = ordered, Sum = value.Mantissa, Count = 1,
            _high = (short)(value.IsRaw ? 0 : value.Mantissa >> 63),
        };
    }

    /// <summary>Doubles' bits in the doubles' own order; turned twice they are the same again.</summary>
    public static long Ordered(long bits) => bits < 0 ? bits ^ long.MaxValue : bits;

    public readonly int CompareTo(in MinuteRow other)
    {
        if (Tenant != other.Tenant)
            return Tenant.CompareTo(other.Tenant);
        if (Series != other.Series)
            return Series.CompareTo(other.Series);
        return Minute != other.Minute ? Minute.CompareTo(other.Minute) : Scale.CompareTo(other.Scale);
    }

    /// <summary>Adds a row of the same series, minute and scale.</summary>
    public void Add(in MinuteRow other)
    {
        Min = Math.Min(Min, other.Min);
        Max = Math.Max(Max, other.Max);
        Count += other.Count;
        if (Scale == DecimalValue.RawScale)
        {
            Sum = BitConverter.DoubleToInt64Bits(BitConverter.Int64BitsToDouble(Sum) + BitConverter.Int64BitsToDouble(other.Sum));
            return;
        }

        var low = unchecked((ulong)Sum + (ulong)other.Sum);
        _high = unchecked((short)(_high + other._high + (low < (ulong)Sum ? 1 : 0)));
        Sum = (long)low;
    }

    /// <summary>Brings a sum that has grown too large into doubles.</summary>
    public void Bound()
    {
        if (Scale == DecimalValue.RawScale || (_high == Sum >> 63 && Sum is < MaxSum and > -MaxSum))
            return;
        var sum = (double)new Int128((ulong)(long)_high, (ulong)Sum) / DecimalValue.PowerOf(Scale);
        (Min, Max) = (Ordered(BitsOf(Min)), Ordered(BitsOf(Max)));
        (Sum, Scale) = (BitConverter.DoubleToInt64Bits(sum), DecimalValue.RawScale);
    }

    private readonly long BitsOf(long mantissa) => BitConverter.DoubleToInt64Bits(new DecimalValue(mantissa, Scale).Value);
}
