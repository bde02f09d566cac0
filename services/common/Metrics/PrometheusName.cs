using System.Diagnostics.Metrics;
using System.Text;

namespace Mesh.Common.Metrics;

/// <summary>Names as Prometheus wants them: letters, digits and underscores, the unit at the end, `_total` on counters.</summary>
internal static class PrometheusName
{
    public static string Of(Instrument instrument, MetricKind kind)
    {
        var name = Clean(instrument.Name);
        if (Suffix(instrument.Unit) is { } unit && !name.EndsWith("_" + unit, StringComparison.Ordinal)) name += "_" + unit;
        if (kind is MetricKind.Counter && !name.EndsWith("_total", StringComparison.Ordinal)) name += "_total";
        return name;
    }

    public static string Clean(string name)
    {
        var text = new StringBuilder(name.Length);
        foreach (var c in name) text.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        if (char.IsAsciiDigit(name[0])) text.Insert(0, '_');
        return text.ToString();
    }

    private static string? Suffix(string? unit) => unit switch
    {
        "s" => "seconds",
        "ms" => "milliseconds",
        "By" => "bytes",
        _ => null,
    };
}
