using Mesh.Common.Errors;

namespace Mesh.Ingestion.Influx;

/// <summary>The unit of a request's times: nanoseconds unless its `precision` says otherwise.</summary>
public readonly record struct InfluxPrecision(long PerMillisecond, long Milliseconds)
{
    public static InfluxPrecision Parse(string text) => text switch
    {
        "" or "n" or "ns" => new(1_000_000, 1),
        "u" or "us" or "µ" => new(1_000, 1),
        "ms" => new(1, 1),
        "s" => new(1, 1_000),
        "m" => new(1, 60_000),
        "h" => new(1, 3_600_000),
        _ => throw MeshException.InvalidArgument("precision", "A precision is one of ns, us, ms, s, m and h."),
    };

    /// <summary>Milliseconds; what does not fit lies far off, and is refused as such.</summary>
    public long ToMilliseconds(long time) => Milliseconds == 1
        ? time / PerMillisecond
        : time > long.MaxValue / Milliseconds ? long.MaxValue : time < long.MinValue / Milliseconds ? long.MinValue : time * Milliseconds;
}
