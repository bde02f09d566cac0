using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Ingestion.Query;

/// <summary>A question about a metric, checked. Times and spans are in milliseconds.</summary>
public sealed record MetricQuery(
    string Tenant, Selector Selector, long Start, long Step, int Points, V1.SeriesFunction Function, long Window,
    V1.Aggregation Aggregation, IReadOnlyList<string> By, double Quantile, int Limit, int Top = 0, long RolledUp = 0)
{
    public const int MaxPoints = 11_000;
    public const int DefaultLimit = 1_000;
    public const int MaxLimit = 100_000;

    /// <summary>How far an instant looks back for the last value.</summary>
    public const long LookBack = 5 * 60 * 1000;

    public const int MaxTop = 1_000;

    public const long Minute = 60_000;

    // Roll-ups follow the samples within a minute or so; what is newer than this is asked of the samples themselves.
    private const long RollupDelay = 5 * Minute;

    private const long MaxWindow = 31L * 24 * 3600 * 1000;

    public static MetricQuery Parse(V1.QueryMetricsRequest request, TimeProvider time)
    {
        var end = request.EndTime is null ? time.GetUtcNow().ToUnixTimeMilliseconds() : UnixTime.Nanoseconds(request.EndTime) / 1_000_000;
        var start = request.StartTime is null ? end : UnixTime.Nanoseconds(request.StartTime) / 1_000_000;
        if (start > end)
            throw MeshException.InvalidArgument("start_time", "The start must not lie behind the end.");

        var step = Milliseconds(request.Step, "step") ?? Math.Max(1000, (end - start) / 250);
        var points = (end - start) / step + 1;
        if (points > MaxPoints)
            throw MeshException.OutOfRange("TOO_MANY_POINTS", $"The range has {points} points; at most {MaxPoints} are answered. Take a longer step.");

        if (request.Selector.Length == 0)
            throw MeshException.InvalidArgument("selector", "A selector is required.");
        if (!System.Enum.IsDefined(request.Function))
            throw MeshException.InvalidArgument("function", "This function is not known.");
        if (!System.Enum.IsDefined(request.Aggregation))
            throw MeshException.InvalidArgument("aggregation", "This aggregation is not known.");
        if (request.Aggregation == V1.Aggregation.HistogramQuantile && request.Quantile is not (>= 0 and <= 1))
            throw MeshException.InvalidArgument("quantile", "A quantile lies between 0 and 1.");

        return new MetricQuery(
            TenantName.Parse(request.Parent, "parent").Tenant,
            Selector.Parse(request.Selector, "selector"),
            start, step, (int)points,
            request.Function,
            Milliseconds(request.Window, "window") ?? LookBack,
            request.Aggregation,
            [.. request.By.Distinct(StringComparer.Ordinal)],
            request.Quantile,
            LimitOf(request.Limit, DefaultLimit, MaxLimit),
            request.Top is >= 0 and <= MaxTop ? request.Top : throw MeshException.InvalidArgument("top", $"At most {MaxTop}, and not negative."),
            (time.GetUtcNow().ToUnixTimeMilliseconds() - RollupDelay) / Minute * Minute);
    }

    /// <summary>The last point.</summary>
    public long End => Start + Step * (Points - 1);

    /// <summary>The samples later than this are seen by the points, or compared with those that are.</summary>
    public long After => Start - (Function switch
    {
        V1.SeriesFunction.Unspecified => LookBack,
        V1.SeriesFunction.Rate or V1.SeriesFunction.Increase => Window + LookBack,
        _ => Window,
    });

    /// <summary>Whether every window begins and ends with a minute, so that roll-ups of minutes tell the same as the samples.</summary>
    public bool IsOfMinutes => Start % Minute == 0 && (Step % Minute == 0 || Points == 1) && Window % Minute == 0
        && Function is V1.SeriesFunction.AvgOverTime or V1.SeriesFunction.MinOverTime or V1.SeriesFunction.MaxOverTime
            or V1.SeriesFunction.SumOverTime or V1.SeriesFunction.CountOverTime;

    public static int LimitOf(int limit, int normal, int max) => limit switch
    {
        0 => normal,
        < 0 => throw MeshException.InvalidArgument("limit", "The limit must not be negative."),
        _ => Math.Min(limit, max),
    };

    private static long? Milliseconds(Duration? duration, string field)
    {
        if (duration is null)
            return null;
        var milliseconds = duration.Seconds * 1000 + duration.Nanos / 1_000_000;
        return milliseconds is > 0 and <= MaxWindow
            ? milliseconds
            : throw MeshException.InvalidArgument(field, "It must lie between a millisecond and 31 days.");
    }
}
