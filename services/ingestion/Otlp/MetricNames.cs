using Mesh.Ingestion.Series;

namespace Mesh.Ingestion.Otlp;

/// <summary>
/// Names of OpenTelemetry's metrics as Prometheus writes them: the unit and `total` are part of the name. Source: OpenTelemetry,
/// "Prometheus and OpenMetrics Compatibility", section "Metric Metadata"; units are those of UCUM.
/// </summary>
internal static class MetricNames
{
    /// <param name="metric">The name as it was given.</param>
    /// <param name="givenUnit">The unit as it was given; what stands in braces is only a remark.</param>
    /// <param name="kind">What the metric is; a gauge without a dimension is a ratio.</param>
    /// <param name="monotonic">Whether it only grows.</param>
    public static string Of(string metric, string givenUnit, OtlpKind kind, bool monotonic)
    {
        var name = Names.Translate(metric, colon: true);
        var unit = UnitOf(givenUnit, kind);
        if (unit.Length > 0 && !name.EndsWith("_" + unit, StringComparison.Ordinal) && !name.EndsWith($"_{unit}_total", StringComparison.Ordinal))
            name = name.EndsWith("_total", StringComparison.Ordinal) ? $"{name[..^6]}_{unit}_total" : $"{name}_{unit}";
        return monotonic && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    private static string UnitOf(string given, OtlpKind kind)
    {
        var unit = given.Trim();
        if (unit == "1")
            return kind == OtlpKind.Gauge ? "ratio" : "";
        var slash = unit.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
            return Word(unit);
        var (above, below) = (Word(unit[..slash]), PerWord(unit[(slash + 1)..].Trim()));
        return (above.Length, below.Length) switch
        {
            (_, 0) => above,
            (0, _) => "per_" + below,
            _ => $"{above}_per_{below}",
        };
    }

    private static string PerWord(string unit) => unit switch
    {
        "s" => "second",
        "m" => "minute",
        "h" => "hour",
        "d" => "day",
        "w" => "week",
        "mo" => "month",
        "y" => "year",
        _ => Word(unit),
    };

    private static string Word(string unit) => unit.Trim() switch
    {
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "TiBy" => "tibibytes",
        "KBy" => "kilobytes",
        "MBy" => "megabytes",
        "GBy" => "gigabytes",
        "TBy" => "terabytes",
        "m" => "meters",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "%" => "percent",
        "1" => "",
        var other when other.Contains('{', StringComparison.Ordinal) => "",
        var other => string.Join('_', string.Concat(other.Select(c => char.IsAsciiLetterOrDigit(c) ? c : ' ')).Split(' ', StringSplitOptions.RemoveEmptyEntries)),
    };
}
