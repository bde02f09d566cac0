namespace Mesh.Ingestion.Query;

/// <summary>Matchers as conditions of a statement.</summary>
internal static class LabelConditions
{
    /// <summary>The conditions, each led by `and`; the metric's name is a column of its own where the table has it.</summary>
    /// <param name="selector">The matchers.</param>
    /// <param name="parameters">Takes the matchers' values.</param>
    /// <param name="labelsColumn">The column of the labels.</param>
    /// <param name="metricColumn">The column of the metric's name, where there is one.</param>
    public static string Of(Selector selector, SqlParameters parameters, string labelsColumn, string? metricColumn = null) =>
        string.Concat(selector.Matchers.Select(matcher => " and " + Of(matcher, parameters, labelsColumn, metricColumn)));

    private static string Of(Matcher matcher, SqlParameters parameters, string labelsColumn, string? metricColumn)
    {
        var column = matcher.Label == Matcher.MetricLabel && metricColumn is not null
            ? metricColumn
            : $"{labelsColumn}[{parameters.Text(matcher.Label)}]";
        return matcher.Operator switch
        {
            MatchOperator.Equal => $"{column} = {parameters.Text(matcher.Value)}",
            MatchOperator.NotEqual => $"{column} != {parameters.Text(matcher.Value)}",
            MatchOperator.Matches => $"match({column}, {parameters.Text(Anchored(matcher.Value))})",
            _ => $"not match({column}, {parameters.Text(Anchored(matcher.Value))})",
        };
    }

    private static string Anchored(string pattern) => $"^(?:{pattern})$";
}
