using System.Globalization;

namespace Mesh.Ingestion.Query;

/// <summary>
/// The quantile of classic histograms, as Prometheus reckons it: buckets count what is at most their bound, and within a
/// bucket values are taken to lie evenly.
/// </summary>
internal static class HistogramQuantile
{
    public const string BoundLabel = "le";

    /// <summary>Joins the series of a histogram's buckets to one series for each set of the other labels.</summary>
    public static IEnumerable<V1.QueryMetricsResponse> Of(IEnumerable<V1.QueryMetricsResponse> buckets, double quantile)
    {
        foreach (var histogram in buckets.GroupBy(Key))
        {
            var points = new SortedDictionary<long, List<(double Bound, double Count)>>();
            foreach (var bucket in histogram)
            {
                if (BoundOf(bucket) is not { } bound)
                    continue;
                for (var i = 0; i < bucket.TimesMillis.Count; i++)
                {
                    if (!points.TryGetValue(bucket.TimesMillis[i], out var counts))
                        points[bucket.TimesMillis[i]] = counts = [];
                    counts.Add((bound, bucket.Values[i]));
                }
            }

            var response = new V1.QueryMetricsResponse();
            response.Labels.AddRange(histogram.First().Labels.Where(label => label.Name != BoundLabel));
            foreach (var (time, counts) in points)
            {
                response.TimesMillis.Add(time);
                response.Values.Add(Quantile(counts, quantile));
            }

            yield return response;
        }
    }

    public static double Quantile(List<(double Bound, double Count)> buckets, double quantile)
    {
        Order(buckets);
        if (buckets.Count < 2 || !double.IsPositiveInfinity(buckets[^1].Bound) || buckets[^1].Count is not > 0)
            return double.NaN;

        var rank = quantile * buckets[^1].Count;
        var index = buckets.FindIndex(bucket => bucket.Count >= rank);
        if (index < 0 || index == buckets.Count - 1)
            return buckets[^2].Bound;
        if (index == 0 && buckets[0].Bound <= 0)
            return buckets[0].Bound;

        var (low, below) = index == 0 ? (0, 0) : buckets[index - 1];
        var (high, count) = buckets[index];
        return count > below ? low + (high - low) * (rank - below) / (count - below) : high;
    }

    // Bounds that are written in two ways are one bucket, and none holds less than the one before: what counts them may have been read
    // at different times.
    private static void Order(List<(double Bound, double Count)> buckets)
    {
        buckets.Sort((a, b) => a.Bound.CompareTo(b.Bound));
        var last = -1;
        foreach (var (bound, count) in buckets.ToArray())
        {
            if (last >= 0 && buckets[last].Bound == bound)
                buckets[last] = (bound, buckets[last].Count + count);
            else
                buckets[++last] = (bound, count);
        }

        buckets.RemoveRange(last + 1, buckets.Count - last - 1);
        for (var i = 1; i < buckets.Count; i++)
            buckets[i] = (buckets[i].Bound, Math.Max(buckets[i - 1].Count, buckets[i].Count));
    }

    private static string Key(V1.QueryMetricsResponse bucket) =>
        string.Join('\u0001', bucket.Labels.Where(label => label.Name != BoundLabel).Select(label => $"{label.Name}\u0002{label.Value}"));

    private static double? BoundOf(V1.QueryMetricsResponse bucket) => bucket.Labels.FirstOrDefault(label => label.Name == BoundLabel)?.Value switch
    {
        "+Inf" or "Inf" => double.PositiveInfinity,
        { } text when double.TryParse(text, CultureInfo.InvariantCulture, out var bound) => bound,
        _ => null,
    };
}
