namespace Mesh.Ingestion.Series;

/// <summary>How metrics and labels may be called: as in Prometheus.</summary>
public static class Names
{
    public static bool IsMetric(ReadOnlySpan<byte> name) =>
        name.Length is > 0 and <= SeriesBuilder.MaxMetricBytes && IsName(name, colon: true);

    public static bool IsLabel(ReadOnlySpan<byte> name) =>
        name.Length is > 0 and <= SeriesBuilder.MaxLabelNameBytes && IsName(name, colon: false);

    /// <summary>A name with an underscore for everything that a metric or label may not hold, as Prometheus translates foreign names.</summary>
    public static string Translate(string name, bool colon = false)
    {
        var valid = name.Length > 0 && !char.IsAsciiDigit(name[0]);
        foreach (var c in name)
            valid &= char.IsAsciiLetterOrDigit(c) || c == '_' || (colon && c == ':');
        if (valid)
            return name;

        var translated = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || (colon && c == ':') ? c : '_'));
        return translated.Length == 0 || char.IsAsciiDigit(translated[0]) ? "_" + translated : translated;
    }

    private static bool IsName(ReadOnlySpan<byte> name, bool colon)
    {
        if (char.IsAsciiDigit((char)name[0]))
            return false;
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit((char)c) && c != '_' && !(colon && c == ':'))
                return false;
        }

        return true;
    }
}
