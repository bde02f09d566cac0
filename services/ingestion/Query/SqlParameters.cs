using System.Globalization;

namespace Mesh.Ingestion.Query;

/// <summary>Gathers a statement's parameters. Values never become part of the statement's text.</summary>
public sealed class SqlParameters
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string> Values => _values;

    public string Text(string value) => Add(Escape(value), "String");

    public string Number(long value) => Add(value.ToString(CultureInfo.InvariantCulture), "Int64");

    // Parameters travel in the escaped form of tab-separated text.
    private static string Escape(string value) => value
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\t", "\\t", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal)
        .Replace("\r", "\\r", StringComparison.Ordinal)
        .Replace("\0", "\\0", StringComparison.Ordinal);

    private string Add(string value, string type)
    {
        var name = $"p{_values.Count}";
        _values.Add(name, value);
        return $"{{{name}:{type}}}";
    }
}
