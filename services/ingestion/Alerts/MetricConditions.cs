using Mesh.Ingestion.Query;
using Comparison = Mesh.Ingestion.V1.AlertPolicy.Types.Comparison;

namespace Mesh.Ingestion.Alerts;

/// <summary>The conditions on metrics.</summary>
public sealed class MetricConditions(MetricStore metrics)
{
    public async Task<Findings> BeyondAsync(
        AlertTurn turn, V1.AlertPolicy.Types.Threshold threshold, CancellationToken cancellationToken)
    {
        var window = threshold.Window?.ToTimeSpan();
        var query = Instant(turn, threshold.Selector, FunctionOf(threshold.Rate, window), window);
        var found = new List<Finding>();
        await foreach (var series in metrics.QueryAsync(query, cancellationToken))
            found.Add(new Finding(AlertConditions.LabelsOf(turn.Policy, Pairs(series)), series.Values[^1]));
        return Judge(turn, found, window, threshold.Comparison, threshold.Value);
    }

    /// <summary>Divides sums, group by group; of a group that only the denominator has, 0.</summary>
    public async Task<Findings> RatioAsync(
        AlertTurn turn, V1.AlertPolicy.Types.Ratio ratio, CancellationToken cancellationToken)
    {
        // The wholes first: of samples that come between the two questions a part without its whole tells nothing, while a whole
        // without its part would look like a ratio of 0.
        var wholes = await SumsAsync(turn, ratio, ratio.Denominator, cancellationToken);
        var parts = await SumsAsync(turn, ratio, ratio.Numerator, cancellationToken);
        var found = new List<Finding>();
        foreach (var (key, (labels, whole)) in wholes)
        {
            if (whole == 0 || whole < ratio.MinDenominator)
                continue;
            found.Add(new Finding(labels, (parts.TryGetValue(key, out var part) ? part.Value : 0) / whole));
        }

        return Judge(turn, found, ratio.Window?.ToTimeSpan(), ratio.Comparison, ratio.Value);
    }

    /// <summary>Whether nothing is found; null where that cannot be known now.</summary>
    public async Task<Findings?> AbsentAsync(
        AlertTurn turn, V1.AlertPolicy.Types.Absence absence, CancellationToken cancellationToken)
    {
        var window = absence.Window.ToTimeSpan();
        var query = Instant(turn, absence.Selector, V1.SeriesFunction.CountOverTime, window) with { Aggregation = V1.Aggregation.Count };
        await foreach (var _ in metrics.QueryAsync(query, cancellationToken))
            return new Findings([], _ => false);
        return turn.IsBlindFor(window) ? null : new Findings([new Finding(AlertConditions.LabelsOf(turn.Policy, query.Selector.Stated()), 0)], _ => false);
    }

    // Of what was not found while nobody may have seen it, nothing is known: its alert stays as it is.
    private static Findings Judge(AlertTurn turn, List<Finding> found, TimeSpan? window, Comparison comparison, double than)
    {
        var isBlind = turn.IsBlindFor(window ?? TimeSpan.FromMilliseconds(MetricQuery.LookBack));
        var seen = found.Select(finding => finding.Labels.Key).ToHashSet(StringComparer.Ordinal);
        return new Findings(
            [.. found.Where(finding => Holds(finding.Value, comparison, than))], labels => isBlind && !seen.Contains(labels.Key));
    }

    private async Task<Dictionary<string, (AlertLabels Labels, double Value)>> SumsAsync(
        AlertTurn turn, V1.AlertPolicy.Types.Ratio ratio, string selector, CancellationToken cancellationToken)
    {
        var window = ratio.Window?.ToTimeSpan();
        var query = Instant(turn, selector, FunctionOf(ratio.Rate, window), window) with { Aggregation = V1.Aggregation.Sum, By = ratio.By };
        var sums = new Dictionary<string, (AlertLabels, double)>(StringComparer.Ordinal);
        await foreach (var group in metrics.QueryAsync(query, cancellationToken))
        {
            var labels = AlertConditions.LabelsOf(turn.Policy, Pairs(group));
            sums[labels.Key] = (labels, group.Values[^1]);
        }

        return sums;
    }

    private static V1.SeriesFunction FunctionOf(bool rate, TimeSpan? window) =>
        rate ? V1.SeriesFunction.Rate : window is null ? V1.SeriesFunction.Unspecified : V1.SeriesFunction.AvgOverTime;

    private static bool Holds(double value, Comparison comparison, double than) => comparison == Comparison.Above ? value > than : value < than;

    private static IEnumerable<(string, string)> Pairs(V1.QueryMetricsResponse series) => series.Labels.Select(label => (label.Name, label.Value));

    private static MetricQuery Instant(AlertTurn turn, string selector, V1.SeriesFunction function, TimeSpan? window) =>
        new(
            turn.Policy.Name.Tenant, Selector.Parse(selector, "selector"), turn.Time.ToUnixTimeMilliseconds(), 1000, 1, function,
            window is { } given ? (long)given.TotalMilliseconds : MetricQuery.LookBack, V1.Aggregation.Unspecified, [], 0, AlertConditions.MaxFindings);
}
