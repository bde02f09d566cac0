using Mesh.Ingestion.Series;
using OpenTelemetry.Proto.Metrics.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>Names of OpenTelemetry's metrics as Prometheus writes them: the unit and `total` are part of the name.</summary>
internal static class MetricNames
{
    public static string Of(Metric metric)
    {
        var name = Names.Translate(metric.Name, colon: true);
        var unit = UnitOf(metric.Unit);
        if (unit.Length > 0 && !name.EndsWith("_" + unit, StringComparison.Ordinal) && !name.EndsWith($"_{unit}_total", StringComparison.Ordinal))
            name = name.EndsWith("_total", StringComparison.Ordinal) ? $"{name[..^6]}_{unit}_total" : $"{name}_{unit}";
        return metric.Sum is { IsMonotonic: true } && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    private static string UnitOf(string unit) => unit switch
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
        "KBy" => "kilobytes",
        "MBy" => "megabytes",
        "GBy" => "gigabytes",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "%" => "percent",
        _ => "",
    };
}
