namespace Mesh.Ingestion.Query;

/// <summary>
/// A selector as Prometheus writes it: a metric's name and matchers in braces, each of the two optional. Selectors of the same matchers
/// in the same order are equal.
/// </summary>
public sealed record Selector(IReadOnlyList<Matcher> Matchers)
{
    public static Selector All { get; } = new([]);

    /// <summary>Parses a selector; throws INVALID_ARGUMENT on the field. Empty text selects everything.</summary>
    public static Selector Parse(string text, string field) =>
        string.IsNullOrWhiteSpace(text) ? All : new(new SelectorParser(text, field).Parse());

    public bool Equals(Selector? other) => other is not null && Matchers.SequenceEqual(other.Matchers);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var matcher in Matchers)
            hash.Add(matcher);
        return hash.ToHashCode();
    }
}
