using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Mesh.Cli.Session;
using Mesh.Ingestion.V1;

namespace Mesh.Cli.Commands;

/// <summary>
/// Reads a query such as `sum by (process) (rate(http_requests_total{app="shop"}[1m]))`: at most one aggregation around at most one
/// function around a selector, written as in PromQL.
/// </summary>
internal static partial class MetricQuery
{
    private static readonly Dictionary<string, Aggregation> s_aggregations = new()
    {
        ["sum"] = Aggregation.Sum, ["avg"] = Aggregation.Avg, ["min"] = Aggregation.Min, ["max"] = Aggregation.Max, ["count"] = Aggregation.Count,
    };

    private static readonly Dictionary<string, SeriesFunction> s_functions = new()
    {
        ["rate"] = SeriesFunction.Rate, ["increase"] = SeriesFunction.Increase, ["avg_over_time"] = SeriesFunction.AvgOverTime,
        ["min_over_time"] = SeriesFunction.MinOverTime, ["max_over_time"] = SeriesFunction.MaxOverTime, ["sum_over_time"] = SeriesFunction.SumOverTime,
        ["count_over_time"] = SeriesFunction.CountOverTime,
    };

    private static readonly TimeSpan s_longest = TimeSpan.FromDays(10 * 366);

    [GeneratedRegex(@"^(?<op>sum|avg|min|max|count)\s*(by\s*\((?<by>[^)]*)\))?\s*\((?<inner>.*?)\)\s*(by\s*\((?<by2>[^)]*)\))?$", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex AggregationPattern { get; }

    [GeneratedRegex(@"^(?<fn>[a-z_]+)\s*\((?<selector>.*)\[(?<window>[0-9]+(ms|s|m|h|d))\]\s*\)$", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex FunctionPattern { get; }

    /// <summary>The request for a query; its times are not set.</summary>
    public static QueryMetricsRequest Parse(string query)
    {
        var request = new QueryMetricsRequest();
        var text = query.Trim();
        if (AggregationPattern.Match(text) is { Success: true } aggregation)
        {
            request.Aggregation = s_aggregations[aggregation.Groups["op"].Value];
            var by = aggregation.Groups["by"].Value + "," + aggregation.Groups["by2"].Value;
            request.By.AddRange(by.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
            text = aggregation.Groups["inner"].Value.Trim();
        }
        if (FunctionPattern.Match(text) is { Success: true } function)
        {
            if (!s_functions.TryGetValue(function.Groups["fn"].Value, out var known))
                throw new CliException($"There is no function `{function.Groups["fn"].Value}`. These are: {string.Join(", ", s_functions.Keys)}.", ExitCodes.Usage);
            request.Function = known;
            request.Window = Duration.FromTimeSpan(ParseSpan(function.Groups["window"].Value));
            text = function.Groups["selector"].Value.Trim();
        }
        request.Selector = text;
        return request;
    }

    /// <summary>A span such as 90s, 5m, 1h or 2d, of at most ten years.</summary>
    public static TimeSpan ParseSpan(string text)
    {
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        if (digits == 0 || !double.TryParse(text[..digits], out var number)) throw Malformed(text);
        var unit = text[digits..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(1),
            "s" => TimeSpan.FromSeconds(1),
            "m" => TimeSpan.FromMinutes(1),
            "h" => TimeSpan.FromHours(1),
            "d" => TimeSpan.FromDays(1),
            _ => throw Malformed(text),
        };
        return number <= s_longest / unit ? number * unit : throw Malformed(text);
    }

    private static CliException Malformed(string text) => new($"`{text}` is no span of time. Write for instance 90s, 5m, 1h or 2d.", ExitCodes.Usage);
}
