using Mesh.Common.ClickHouse;
using Mesh.Common.Errors;

namespace Mesh.Ingestion.Alerts;

/// <summary>Asks whether a policy's condition holds, and for which labels.</summary>
public sealed class AlertConditions(MetricConditions metrics, LogConditions logs, FindingConditions findings)
{
    /// <summary>The most sets of labels that one policy may find.</summary>
    internal const int MaxFindings = 1_000;

    /// <summary>What holds; null where that cannot be known now, and what is open stays as it is.</summary>
    public async Task<Findings?> FindAsync(AlertTurn turn, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync(turn, cancellationToken);
        }
        catch (ClickHouseException exception) when (exception.IsBadPattern || exception.IsTooLarge)
        {
            // What is wrong with the policy, for who reads its `evaluation_error`.
            throw ErrorTable.Translate(exception, "");
        }
    }

    private async Task<Findings?> AskAsync(AlertTurn turn, CancellationToken cancellationToken)
    {
        var spec = turn.Policy.Spec;
        return spec.ConditionCase switch
        {
            V1.AlertPolicy.ConditionOneofCase.Absence => await metrics.AbsentAsync(turn, spec.Absence, cancellationToken),
            V1.AlertPolicy.ConditionOneofCase.Ratio => await metrics.RatioAsync(turn, spec.Ratio, cancellationToken),
            V1.AlertPolicy.ConditionOneofCase.LogMatch => await logs.MatchAsync(turn, spec.LogMatch, cancellationToken),
            V1.AlertPolicy.ConditionOneofCase.FindingMatch => await findings.MatchAsync(turn, spec.FindingMatch, cancellationToken),
            _ => await metrics.BeyondAsync(turn, spec.Threshold, cancellationToken),
        };
    }

    /// <summary>The labels of what was found: the policy's own, and over them those of the series.</summary>
    internal static AlertLabels LabelsOf(AlertPolicy policy, IEnumerable<(string Name, string Value)> labels)
    {
        var values = new SortedDictionary<string, string>(policy.Spec.Labels, StringComparer.Ordinal);
        foreach (var (name, value) in labels)
            values[name] = value;
        return new AlertLabels(values);
    }
}
