using System.Text.RegularExpressions;

namespace Mesh.Scheduler.Placement;

/// <summary>A demand on a node's attributes.</summary>
public sealed class Constraint
{
    /// <summary>The attribute that every node has: its own id.</summary>
    public const string NodeAttribute = "node";

    private readonly Func<string?, bool> _matches;

    private Constraint(string attribute, string text, Func<string?, bool> matches)
    {
        Attribute = attribute;
        Text = text;
        _matches = matches;
    }

    public string Attribute { get; }

    /// <summary>The demand as people read it.</summary>
    public string Text { get; }

    public static Constraint Equal(string attribute, string value) =>
        new(attribute, $"{attribute} = {value}", actual => actual == value);

    public static Constraint NotEqual(string attribute, string value) =>
        new(attribute, $"{attribute} != {value}", actual => actual != value);

    public static Constraint In(string attribute, IReadOnlyCollection<string> values) =>
        new(attribute, $"{attribute} in ({string.Join(", ", values)})", actual => actual is not null && values.Contains(actual));

    public static Constraint NotIn(string attribute, IReadOnlyCollection<string> values) =>
        new(attribute, $"{attribute} not in ({string.Join(", ", values)})", actual => actual is null || !values.Contains(actual));

    /// <summary>Matches the whole value. Never backtracks, so that no pattern can hold up placement.</summary>
    /// <exception cref="ArgumentException">The pattern is not valid.</exception>
    public static Constraint Matching(string attribute, string pattern)
    {
        var regex = new Regex($@"\A(?:{pattern})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        return new(attribute, $"{attribute} matches {pattern}", actual => actual is not null && regex.IsMatch(actual));
    }

    /// <exception cref="FormatException">The range is not valid.</exception>
    public static Constraint Version(string attribute, string range)
    {
        var parsed = VersionRange.Parse(range);
        return new(attribute, $"{attribute} version {range}", actual => actual is not null && parsed.Contains(actual));
    }

    public bool IsSatisfiedBy(PlacementNode node) => _matches(node.Attribute(Attribute));
}
