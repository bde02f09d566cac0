using System.Globalization;
using System.Text;

namespace Mesh.Common.Metrics;

/// <summary>Writes metrics in Prometheus' text format 0.0.4.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Write(IReadOnlyList<Metric> metrics)
    {
        var text = new StringBuilder(16384);
        // Instruments of one name, from several meters, are one metric.
        foreach (var group in metrics.GroupBy(m => m.Name))
        {
            var first = group.First();
            if (first.Description.Length > 0) text.Append("# HELP ").Append(first.Name).Append(' ').Append(Escape(first.Description, quotes: false)).Append('\n');
            text.Append("# TYPE ").Append(first.Name).Append(' ').Append(Type(first.Kind)).Append('\n');
            foreach (var metric in group.Where(m => m.Kind == first.Kind)) Append(text, metric);
        }
        return text.ToString();
    }

    private static void Append(StringBuilder text, Metric metric)
    {
        foreach (var (tags, series) in metric.Series)
        {
            var labels = Labels(tags);
            if (metric.Kind is not MetricKind.Histogram)
            {
                Line(text, metric.Name, labels, null, series.Value);
                continue;
            }
            long below = 0;
            for (var i = 0; i <= metric.Bounds.Length; i++)
            {
                below += series.Bucket(i);
                Line(text, metric.Name + "_bucket", labels, i < metric.Bounds.Length ? Number(metric.Bounds[i]) : "+Inf", below);
            }
            Line(text, metric.Name + "_sum", labels, null, series.Value);
            // The count is that of the buckets: a measurement in between must not make them differ.
            Line(text, metric.Name + "_count", labels, null, below);
        }
    }

    private static void Line(StringBuilder text, string name, string labels, string? bound, double value)
    {
        text.Append(name);
        if (labels.Length > 0 || bound is not null)
        {
            text.Append('{').Append(labels);
            if (bound is not null) text.Append(labels.Length > 0 ? "," : "").Append("le=\"").Append(bound).Append('"');
            text.Append('}');
        }
        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Labels(TagSet tags) => string.Join(',', tags.Tags.Select(t =>
        $"{PrometheusName.Clean(t.Key)}=\"{Escape(Convert.ToString(t.Value, CultureInfo.InvariantCulture) ?? "", quotes: true)}\""));

    private static string Escape(string value, bool quotes)
    {
        value = value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return quotes ? value.Replace("\"", "\\\"", StringComparison.Ordinal) : value;
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static string Type(MetricKind kind) => kind switch
    {
        MetricKind.Counter => "counter",
        MetricKind.Gauge => "gauge",
        _ => "histogram",
    };
}
