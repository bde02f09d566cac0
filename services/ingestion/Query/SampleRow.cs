using System.Buffers.Binary;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Query;

/// <summary>A sample, or several of one stretch of time folded into one. The time is in milliseconds since 1970.</summary>
internal readonly record struct SampleRow(long Time, double Min, double Max, double Sum, double Count)
{
    /// <summary>No sample.</summary>
    public static SampleRow None => new(0, double.NaN, double.NaN, 0, 0);

    // By this NaN Prometheus ends a series: from there on it has no value.
    private const long Stale = 0x7FF0_0000_0000_0002;

    // A row of samples, and one of minutes.
    private const int SampleBytes = 25, MinuteBytes = 48;

    /// <summary>The length of a row of what a query reads.</summary>
    public static int BytesOf(MetricQuery query) => query.IsOfMinutes ? MinuteBytes : SampleBytes;

    public static SampleRow Of(long time, double value) => new(time, value, value, value, 1);

    public static bool IsStale(double value) => BitConverter.DoubleToInt64Bits(value) == Stale;

    /// <summary>A row of <see cref="MetricSql.Rows"/>, and whose it is.</summary>
    public static (ulong Series, SampleRow Row) Read(ReadOnlySpan<byte> row)
    {
        var (series, time) = (BinaryPrimitives.ReadUInt64LittleEndian(row), BinaryPrimitives.ReadInt64LittleEndian(row[8..]));
        var rest = row[16..];
        return (series, row.Length == SampleBytes
            ? Of(time, new DecimalValue(BinaryPrimitives.ReadInt64LittleEndian(rest[1..]), rest[0]).Value)
            : new SampleRow(time, Number(rest), Number(rest[8..]), Number(rest[16..]), Number(rest[24..])));
    }

    /// <summary>Both together. A value that is no number is neither the least nor the greatest, unless there is no other.</summary>
    public SampleRow With(in SampleRow other) => new(
        other.Time, double.MinNumber(Min, other.Min), double.MaxNumber(Max, other.Max), Sum + other.Sum, Count + other.Count);

    private static double Number(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadDoubleLittleEndian(bytes);
}
