using System.Diagnostics.Metrics;

namespace Mesh.Common.Metrics;

/// <summary>The buckets of a histogram: its own advice, or what suits its unit.</summary>
internal static class HistogramBounds
{
    private static readonly double[] s_seconds =
        [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

    private static readonly double[] s_bytes = [.. Enumerable.Range(0, 11).Select(i => 64 * Math.Pow(4, i))];

    private static readonly double[] s_counts = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 100_000];

    public static double[] For(Instrument instrument) => Advice(instrument) ?? instrument.Unit switch
    {
        "s" => s_seconds,
        "By" => s_bytes,
        _ => s_counts,
    };

    private static double[]? Advice(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(b => (double)b)],
        Histogram<int> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(b => (double)b)],
        _ => null,
    };
}
