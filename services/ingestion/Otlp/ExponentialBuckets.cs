using OpenTelemetry.Proto.Metrics.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>
/// Brings the buckets of an exponential histogram (OpenTelemetry metrics data model, "ExponentialHistogram") into cumulative
/// ones. Finer scales than <see cref="MaxScale"/> are brought down to it, so that one histogram keeps its bounds while its
/// exporter changes the scale: bounds are powers of the square root of two. Both bounds of a bucket that holds something
/// are given, no others.
/// </summary>
internal static class ExponentialBuckets
{
    public const int MaxScale = 1;

    private const int MinScale = -10;

    /// <summary>Adds what each bucket holds under its upper bound; its lower bound is there as well.</summary>
    public static void Gather(ExponentialHistogramDataPoint point, SortedDictionary<double, ulong> counts)
    {
        Gather(point.Negative, point.Scale, counts, negative: true);
        if (point.ZeroCount > 0)
            Hold(counts, 0 - point.ZeroThreshold, point.ZeroThreshold, point.ZeroCount);
        Gather(point.Positive, point.Scale, counts, negative: false);
    }

    /// <summary>Upper bounds in their order, each with the count of what lies at or below it.</summary>
    public static IEnumerable<(double Bound, ulong Count)> Cumulate(SortedDictionary<double, ulong> counts)
    {
        var sum = 0UL;
        foreach (var (bound, count) in counts)
        {
            sum += count;
            yield return (bound, sum);
        }
    }

    private static void Gather(ExponentialHistogramDataPoint.Types.Buckets? buckets, int scale, SortedDictionary<double, ulong> counts, bool negative)
    {
        var shift = Math.Clamp(scale - MaxScale, 0, 31);
        var kept = Math.Clamp(scale - shift, MinScale, MaxScale);
        for (var i = 0; i < buckets?.BucketCounts.Count; i++)
        {
            if (buckets.BucketCounts[i] == 0)
                continue;
            var index = (buckets.Offset + (long)i) >> shift;
            var (lower, upper) = (Power(index, kept), Power(index + 1, kept));
            if (negative)
                Hold(counts, 0 - upper, 0 - lower, buckets.BucketCounts[i]);
            else
                Hold(counts, lower, upper, buckets.BucketCounts[i]);
        }
    }

    private static void Hold(SortedDictionary<double, ulong> counts, double lower, double upper, ulong count)
    {
        counts.TryAdd(lower, 0UL);
        // What lies beyond every bound is in the last bucket, which has none.
        if (double.IsFinite(upper))
            counts[upper] = counts.GetValueOrDefault(upper) + count;
    }

    private static double Power(long index, int scale) => Math.Pow(2, index * Math.Pow(2, -scale));
}
