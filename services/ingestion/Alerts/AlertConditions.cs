using Mesh.Ingestion.Query;

namespace Mesh.Ingestion.Alerts;

/// <summary>Asks the metrics whether a policy's condition holds, and for which labels.</summary>
public sealed class AlertConditions(MetricStore metrics)
{
    private const int MaxSeries = 1_000;

    public async Task<IReadOnlyList<Finding>> FindAsync(AlertPolicy policy, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var spec = policy.Spec;
        return spec.ConditionCase == V1.AlertPolicy.ConditionOneofCase.Absence
            ? await AbsentAsync(policy, spec.Absence, now, cancellationToken)
            : await BeyondAsync(policy, spec.Threshold, now, cancellationToken);
    }

    private async Task<IReadOnlyList<Finding>> BeyondAsync(
        AlertPolicy policy, V1.AlertPolicy.Types.Threshold threshold, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var window = threshold.Window?.ToTimeSpan();
        var function = threshold.Rate ? V1.SeriesFunction.Rate
            : window is null ? V1.SeriesFunction.Unspecified : V1.SeriesFunction.AvgOverTime;
        var findings = new List<Finding>();
        await foreach (var series in metrics.QueryAsync(Instant(policy, threshold.Selector, function, window, now), cancellationToken))
        {
            var value = series.Values[^1];
            var holds = threshold.Comparison == V1.AlertPolicy.Types.Comparison.Above ? value > threshold.Value : value < threshold.Value;
            if (holds)
                findings.Add(new Finding(LabelsOf(policy, series.Labels.Select(label => (label.Name, label.Value))), value));
        }

        return findings;
    }

    private async Task<IReadOnlyList<Finding>> AbsentAsync(
        AlertPolicy policy, V1.AlertPolicy.Types.Absence absence, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var query = Instant(policy, absence.Selector, V1.SeriesFunction.CountOverTime, absence.Window.ToTimeSpan(), now) with
        {
            Aggregation = V1.Aggregation.Count,
        };
        await foreach (var _ in metrics.QueryAsync(query, cancellationToken))
            return [];

        // What is absent has no labels but those that the selector states.
        var stated = query.Selector.Matchers.Where(matcher => matcher.Operator == MatchOperator.Equal && matcher.Label != Matcher.MetricLabel);
        return [new Finding(LabelsOf(policy, stated.Select(matcher => (matcher.Label, matcher.Value))), 0)];
    }

    private static MetricQuery Instant(
        AlertPolicy policy, string selector, V1.SeriesFunction function, TimeSpan? window, DateTimeOffset now) =>
        new(
            policy.Name.Tenant, Selector.Parse(selector, "selector"), now.ToUnixTimeMilliseconds(), 1000, 1, function,
            window is { } given ? (long)given.TotalMilliseconds : MetricQuery.LookBack, V1.Aggregation.Unspecified, [], 0, MaxSeries);

    private static AlertLabels LabelsOf(AlertPolicy policy, IEnumerable<(string Name, string Value)> labels)
    {
        var values = new SortedDictionary<string, string>(policy.Spec.Labels, StringComparer.Ordinal);
        foreach (var (name, value) in labels)
            values[name] = value;
        return new AlertLabels(values);
    }
}
