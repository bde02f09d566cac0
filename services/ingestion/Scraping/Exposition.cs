using System.Globalization;
using System.Text;

namespace Mesh.Ingestion.Scraping;

/// <summary>One sample of an exposition; the time is null where the target leaves it to the reader.</summary>
public readonly record struct ExposedSample(string Metric, IReadOnlyList<KeyValuePair<string, string>> Labels, double Value, long? Milliseconds);

/// <summary>
/// Reads Prometheus's text format and OpenMetrics, line by line. A line that cannot be read is an error of the whole: half
/// of a target's metrics would mislead.
/// </summary>
public static class Exposition
{
    /// <param name="reader">The text.</param>
    /// <param name="inSeconds">Whether times are seconds, as in OpenMetrics; else a whole number is milliseconds.</param>
    public static IEnumerable<ExposedSample> Parse(TextReader reader, bool inSeconds = false)
    {
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            if (line.AsSpan().Trim().Length == 0 || line[0] == '#')
                continue;
            yield return ParseLine(line, inSeconds) ?? throw new InvalidDataException($"line {number} of the exposition cannot be read");
        }
    }

    private static ExposedSample? ParseLine(string line, bool inSeconds)
    {
        var at = 0;
        while (at < line.Length && line[at] is not ('{' or ' ' or '\t'))
            at++;
        var metric = line[..at];
        Skip(line, ref at);
        var labels = new List<KeyValuePair<string, string>>();
        if (metric.Length == 0 || (at < line.Length && line[at] == '{' && !TryReadLabels(line, ref at, labels)))
            return null;

        // OpenMetrics appends examples behind a hash.
        var rest = line[at..];
        var example = rest.IndexOf(" # ", StringComparison.Ordinal);
        var parts = (example < 0 ? rest : rest[..example]).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length is 0 or > 2 || ValueOf(parts[0]) is not { } value)
            return null;
        if (parts.Length == 1)
            return new ExposedSample(metric, labels, value, null);
        return TimeOf(parts[1], inSeconds) is { } time ? new ExposedSample(metric, labels, value, time) : null;
    }

    private static bool TryReadLabels(string line, ref int at, List<KeyValuePair<string, string>> labels)
    {
        at++;
        while (at < line.Length)
        {
            Skip(line, ref at);
            if (at < line.Length && line[at] == '}')
            {
                at++;
                return true;
            }

            var start = at;
            while (at < line.Length && line[at] is not ('=' or ' '))
                at++;
            var name = line[start..at];
            Skip(line, ref at);
            if (at >= line.Length || line[at++] != '=')
                return false;
            Skip(line, ref at);
            if (TryReadString(line, ref at) is not { } value)
                return false;
            labels.Add(new(name, value));
            Skip(line, ref at);
            if (at < line.Length && line[at] == ',')
                at++;
        }

        return false;
    }

    private static string? TryReadString(string line, ref int at)
    {
        if (at >= line.Length || line[at++] != '"')
            return null;
        var value = new StringBuilder();
        for (; at < line.Length; at++)
        {
            if (line[at] == '"')
            {
                at++;
                return value.ToString();
            }

            if (line[at] == '\\' && at + 1 < line.Length)
                value.Append(line[++at] switch { 'n' => '\n', var c => c });
            else
                value.Append(line[at]);
        }

        return null;
    }

    private static double? ValueOf(string text) => text switch
    {
        "NaN" or "nan" => double.NaN,
        "+Inf" or "Inf" or "+inf" or "inf" => double.PositiveInfinity,
        "-Inf" or "-inf" => double.NegativeInfinity,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null,
    };

    // The text format counts milliseconds, OpenMetrics seconds with a fraction.
    private static long? TimeOf(string text, bool inSeconds)
    {
        if (!inSeconds && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var milliseconds))
            return milliseconds;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) ? (long)Math.Round(seconds * 1000) : null;
    }

    private static void Skip(string line, ref int at)
    {
        while (at < line.Length && (line[at] is ' ' or '\t'))
            at++;
    }
}
