using Mesh.Ingestion.Series;

namespace Mesh.Ingestion.Otlp;

/// <summary>Names of OpenTelemetry's metrics as Prometheus writes them: the unit and `total` are part of the name.</summary>
internal static class MetricNames
{
    public static string Of(string metric, string givenUnit, bool monotonic)
    {
        var name = Names.Translate(metric, colon: true);
        var unit = UnitOf(givenUnit);
        if (unit.Length > 0 && !name.EndsWith("_" + unit, StringComparison.Ordinal) && !name.EndsWith($"_{unit}_total", StringComparison.Ordinal))
            name = name.EndsWith("_total", StringComparison.Ordinal) ? $"{name[..^6]}_{unit}_total" : $"{name}_{unit}";
        return monotonic && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
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
