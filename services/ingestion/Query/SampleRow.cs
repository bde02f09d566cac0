using System.Buffers.Binary;
using Mesh.Ingestion.Rollups;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Query;

/// <summary>A sample, or several of one stretch of time folded into one. The time is in milliseconds since 1970.</summary>
internal readonly record struct SampleRow(long Time, double Min, double Max, double Sum, double Count)
{
    /// <summary>No sample.</summary>
    public static SampleRow None => new(0, double.NaN, double.NaN, 0, 0);

    // By this NaN Prometheus ends a series: from there on it has no value.
    private const long Stale = 0x7FF0_0000_0000_0002;

    /// <summary>The length of a row of samples, and of one of minutes.</summary>
    public const int SampleBytes = 25, MinuteBytes = 53;

    public static SampleRow Of(long time, double value) => new(time, value, value, value, 1);

    public static bool IsStale(double value) => BitConverter.DoubleToInt64Bits(value) == Stale;

    /// <summary>A row of <see cref="MetricSql.SampleRows"/> behind its series.</summary>
    public static SampleRow OfSample(ReadOnlySpan<byte> row) => Of(Whole(row), new DecimalValue(Whole(row[9..]), row[8]).Value);

    /// <summary>
    /// A row of <see cref="MetricSql.MinuteRows"/> behind its series. It stands where its minute ends: so it is seen by the same points as
    /// each of its samples.
    /// </summary>
    public static SampleRow OfMinute(ReadOnlySpan<byte> row)
    {
        var (time, scale) = ((BinaryPrimitives.ReadUInt32LittleEndian(row) + 60L) * 1000, row[4]);
        var (least, greatest, sum) = (Whole(row[5..]), Whole(row[13..]), Whole(row[21..]));
        var count = (double)BinaryPrimitives.ReadUInt64LittleEndian(row[37..]);
        return scale == DecimalValue.RawScale
            ? new(time, Raw(least), Raw(greatest), BinaryPrimitives.ReadDoubleLittleEndian(row[29..]), count)
            : new(time, new DecimalValue(least, scale).Value, new DecimalValue(greatest, scale).Value, new DecimalValue(sum, scale).Value, count);
    }

    /// <summary>Both together. A value that is no number is neither the least nor the greatest, unless there is no other.</summary>
    public SampleRow With(in SampleRow other) => new(
        other.Time, double.MinNumber(Min, other.Min), double.MaxNumber(Max, other.Max), Sum + other.Sum, Count + other.Count);

    private static long Whole(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt64LittleEndian(bytes);

    private static double Raw(long ordered) => BitConverter.Int64BitsToDouble(MinuteRow.Ordered(ordered));
}
