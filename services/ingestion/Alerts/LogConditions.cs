using Mesh.Common.ClickHouse;
using Mesh.Common.Errors;
using Mesh.Ingestion.Query;

namespace Mesh.Ingestion.Alerts;

/// <summary>The condition on logs.</summary>
public sealed class LogConditions(ClickHouseClient clickHouse)
{
    public async Task<Findings> MatchAsync(
        AlertTurn turn, V1.AlertPolicy.Types.LogMatch match, CancellationToken cancellationToken)
    {
        var selector = Selector.Parse(match.Selector, "selector");
        var parameters = new SqlParameters();
        var findings = new List<Finding>();
        await foreach (var row in clickHouse.QueryAsync(Sql(turn, match, selector, parameters), parameters.Values, cancellationToken))
        {
            if (findings.Count == AlertConditions.MaxFindings)
                throw MeshException.OutOfRange("TOO_MANY_GROUPS", $"More than {AlertConditions.MaxFindings} groups of records match.");
            var groups = match.By.Zip(row[0].EnumerateArray(), (label, value) => (label, value.GetString()!)).Where(pair => pair.Item2.Length > 0);
            findings.Add(new Finding(AlertConditions.LabelsOf(turn.Policy, selector.Stated().Concat(groups)), row.WholeNumber(1)));
        }

        // Further records may be on their way.
        return new Findings(findings, _ => turn.IsBehind);
    }

    private static string Sql(AlertTurn turn, V1.AlertPolicy.Types.LogMatch match, Selector selector, SqlParameters parameters)
    {
        var end = turn.Time.ToUnixTimeMilliseconds() * 1_000_000;
        var start = end - (long)match.Window.ToTimeSpan().TotalMilliseconds * 1_000_000;
        var keys = match.By.Count == 0 ? "emptyArrayString()" : $"[{string.Join(", ", match.By.Select(label => $"labels[{parameters.Text(label)}]"))}]";
        var contains = match.Contains.Length == 0 ? "" : $" and positionCaseInsensitiveUTF8(body, {parameters.Text(match.Contains)}) > 0";
        var pattern = match.Pattern.Length == 0 ? "" : $" and match(body, {parameters.Text(match.Pattern)})";
        return $"""
            select {keys} as keys, count() as records
            from logs
            where tenant = {parameters.Text(turn.Policy.Name.Tenant)}
                and time > fromUnixTimestamp64Nano({parameters.Number(start)})
                and time <= fromUnixTimestamp64Nano({parameters.Number(end)})
                and severity >= {parameters.Number((int)match.Severity)}{contains}{pattern}{LabelConditions.Of(selector, parameters, "labels")}
            group by keys
            having records >= {parameters.Number(Math.Max(1, match.MinCount))}
            limit {parameters.Number(AlertConditions.MaxFindings + 1)}
            """ + MetricSql.Limits;
    }
}
