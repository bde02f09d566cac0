namespace Mesh.Ingestion.Query;

/// <summary>A selector as Prometheus writes it: a metric's name and matchers in braces, each of the two optional.</summary>
public sealed record Selector(IReadOnlyList<Matcher> Matchers)
{
    public static Selector All { get; } = new([]);

    /// <summary>Parses a selector; throws INVALID_ARGUMENT on the field. Empty text selects everything.</summary>
    public static Selector Parse(string text, string field) =>
        string.IsNullOrWhiteSpace(text) ? All : new(new SelectorParser(text, field).Parse());
}
