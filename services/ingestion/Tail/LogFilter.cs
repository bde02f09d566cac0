using System.Text.RegularExpressions;
using Mesh.Ingestion.Query;

namespace Mesh.Ingestion.Tail;

/// <summary>Decides for single records what a search decides in the database.</summary>
public sealed class LogFilter(string tenant, Selector selector, string contains)
{
    private readonly (Matcher Matcher, Regex? Pattern)[] _matchers =
    [
        .. selector.Matchers.Select(matcher => (matcher, matcher.Operator is MatchOperator.Matches or MatchOperator.MatchesNot
            ? Patterns.Whole(matcher.Value)
            : null)),
    ];

    public string Tenant => tenant;

    public bool Takes(V1.LogRecord record) =>
        (contains.Length == 0 || record.Body.Contains(contains, StringComparison.OrdinalIgnoreCase))
        && Array.TrueForAll(_matchers, item => Takes(item.Matcher, item.Pattern, record));

    private static bool Takes(Matcher matcher, Regex? pattern, V1.LogRecord record)
    {
        var value = record.Labels.FirstOrDefault(label => label.Name == matcher.Label)?.Value ?? "";
        return matcher.Operator switch
        {
            MatchOperator.Equal => value == matcher.Value,
            MatchOperator.NotEqual => value != matcher.Value,
            MatchOperator.Matches => pattern!.IsMatch(value),
            _ => !pattern!.IsMatch(value),
        };
    }
}
