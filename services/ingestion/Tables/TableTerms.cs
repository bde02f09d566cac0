using System.Text.RegularExpressions;

namespace Mesh.Ingestion.Tables;

/// <summary>What a table states behind its columns and its order: for how long rows are kept, and settings. All as the engine writes it.</summary>
/// <param name="Ttl">The expression; empty for none.</param>
/// <param name="Settings">The settings' values by their names.</param>
public sealed partial record TableTerms(string Ttl, IReadOnlyDictionary<string, string> Settings)
{
    /// <summary>Reads a `create table`, or the part from the engine on, as the engine formats it in one line.</summary>
    public static TableTerms Parse(string formatted)
    {
        var terms = Terms().Match(formatted[(formatted.LastIndexOf(" ENGINE = ", StringComparison.Ordinal) + 1)..]);
        var settings = Setting().Matches(terms.Groups["settings"].Value)
            .ToDictionary(setting => setting.Groups["name"].Value, setting => setting.Groups["value"].Value, StringComparer.Ordinal);
        return new TableTerms(terms.Groups["ttl"].Value, settings);
    }

    /// <summary>The stated settings that a table lacks or has otherwise. What the table alone states is somebody else's, and stays.</summary>
    public IEnumerable<string> Differing(TableTerms stated) =>
        stated.Settings.Where(setting => Settings.GetValueOrDefault(setting.Key) != setting.Value).Select(setting => setting.Key);

    /// <summary>The statements that bring a table with these terms to the stated ones. Any of them may be run again.</summary>
    /// <param name="table">The table.</param>
    /// <param name="stated">What it should have.</param>
    /// <param name="kept">The settings that a table keeps as long as it lives.</param>
    public IEnumerable<string> Alterations(string table, TableTerms stated, IReadOnlySet<string> kept)
    {
        // The settings first: they tell how what is too old goes.
        var changes = Differing(stated).Where(setting => !kept.Contains(setting)).Select(setting => $"{setting} = {stated.Settings[setting]}").ToList();
        if (changes.Count > 0)
            yield return $"alter table {table} modify setting {string.Join(", ", changes)}";

        // Rows that are there already are kept as stated too. The engine sees to them in its own time, and nobody waits for it.
        if (Ttl != stated.Ttl)
            yield return $"alter table {table} {(stated.Ttl.Length > 0 ? "modify ttl " + stated.Ttl : "remove ttl")} settings alter_sync = 0";
    }

    [GeneratedRegex("^.*?( TTL (?<ttl>.*?))?( SETTINGS (?<settings>.*))?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Terms();

    [GeneratedRegex(@"(?<name>\w+) = (?<value>'([^'\\]|\\.)*'|[^,\s]+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Setting();
}
