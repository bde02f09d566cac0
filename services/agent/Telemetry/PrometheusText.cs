using System.Globalization;

namespace Mesh.Agent.Telemetry;

/// <summary>One line of an exposition.</summary>
public sealed record ExposedSample(string Metric, IReadOnlyList<KeyValuePair<string, string>> Labels, double Value, long? TimeMillis);

/// <summary>
/// Reads the Prometheus text format 0.0.4. What an application writes wrongly costs it the line, not the rest.
/// </summary>
public static class PrometheusText
{
    public static (IReadOnlyList<ExposedSample> Samples, int Malformed) Parse(string text, int mostSamples)
    {
        List<ExposedSample> samples = [];
        var malformed = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            var trimmed = line.Trim(" \t");
            if (trimmed.IsEmpty || trimmed[0] == '#') continue;
            if (samples.Count == mostSamples || ParseLine(trimmed) is not { } sample) malformed++;
            else samples.Add(sample);
        }

        return (samples, malformed);
    }

    private static ExposedSample? ParseLine(ReadOnlySpan<char> line)
    {
        var metric = TakeName(ref line, allowColon: true);
        if (metric is null) return null;
        List<KeyValuePair<string, string>> labels = [];
        line = line.TrimStart(" \t");
        if (!line.IsEmpty && line[0] == '{' && !TakeLabels(ref line, labels)) return null;
        var value = TakeWord(ref line);
        var time = TakeWord(ref line);
        if (!line.IsEmpty || ParseValue(value) is not { } number) return null;
        if (time.IsEmpty) return new(metric, labels, number, null);
        return long.TryParse(time, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var millis) ? new(metric, labels, number, millis) : null;
    }

    private static bool TakeLabels(ref ReadOnlySpan<char> line, List<KeyValuePair<string, string>> labels)
    {
        line = line[1..].TrimStart(" \t");
        while (!line.IsEmpty && line[0] != '}')
        {
            if (TakeName(ref line, allowColon: false) is not { } name) return false;
            line = line.TrimStart(" \t");
            if (line.IsEmpty || line[0] != '=') return false;
            line = line[1..].TrimStart(" \t");
            if (TakeQuoted(ref line) is not { } value) return false;
            labels.Add(new(name, value));
            line = line.TrimStart(" \t");
            if (!line.IsEmpty && line[0] == ',') line = line[1..].TrimStart(" \t");
        }

        if (line.IsEmpty) return false;
        line = line[1..];
        return true;
    }

    private static string? TakeQuoted(ref ReadOnlySpan<char> line)
    {
        if (line.IsEmpty || line[0] != '"') return null;
        var value = new System.Text.StringBuilder();
        for (var i = 1; i < line.Length; i++)
        {
            if (line[i] == '"')
            {
                line = line[(i + 1)..];
                return value.ToString();
            }

            if (line[i] == '\\' && i + 1 < line.Length)
            {
                i++;
                value.Append(line[i] == 'n' ? '\n' : line[i]);
            }
            else
            {
                value.Append(line[i]);
            }
        }

        return null;
    }

    private static string? TakeName(ref ReadOnlySpan<char> line, bool allowColon)
    {
        var length = 0;
        while (length < line.Length && (char.IsAsciiLetter(line[length]) || line[length] == '_' || (allowColon && line[length] == ':')
            || (length > 0 && char.IsAsciiDigit(line[length])))) length++;
        if (length is 0 or > 256) return null;
        var name = line[..length].ToString();
        line = line[length..];
        return name;
    }

    private static ReadOnlySpan<char> TakeWord(ref ReadOnlySpan<char> line)
    {
        line = line.TrimStart(" \t");
        var end = line.IndexOfAny(' ', '\t');
        var word = end < 0 ? line : line[..end];
        line = end < 0 ? [] : line[end..].TrimStart(" \t");
        return word;
    }

    private static double? ParseValue(ReadOnlySpan<char> text) => text switch
    {
        "+Inf" or "Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null,
    };
}
