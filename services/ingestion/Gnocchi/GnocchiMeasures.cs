using System.Globalization;
using System.Text.Json;
using Mesh.Ingestion.Scraping;

namespace Mesh.Ingestion.Gnocchi;

/// <summary>Reads the triples of time, granularity and value that Gnocchi answers.</summary>
internal static class GnocchiMeasures
{
    /// <summary>Those of one granularity that lie in a span of time, both ends included, in the order of their times.</summary>
    public static List<(long Milliseconds, double Value)> Read(JsonElement root, TimeSpan granularity, long from, long to)
    {
        if (root.ValueKind != JsonValueKind.Array)
            throw Wrong();
        var found = new SortedDictionary<long, double>();
        foreach (var triple in root.EnumerateArray())
        {
            if (triple.ValueKind != JsonValueKind.Array || triple.GetArrayLength() != 3 || triple[1].ValueKind != JsonValueKind.Number
                || triple[0].ValueKind != JsonValueKind.String
                || !DateTimeOffset.TryParse(triple[0].GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
                throw Wrong();
            var at = time.ToUnixTimeMilliseconds();
            // What has no value (a mean of nothing) is null.
            if (triple[2].ValueKind == JsonValueKind.Number && at >= from && at <= to && triple[1].GetDouble() == granularity.TotalSeconds)
                found[at] = triple[2].GetDouble();
        }

        return [.. found.Select(item => (item.Key, item.Value))];
    }

    private static ScrapeException Wrong() => new("The target's measures cannot be read: [time, granularity, value] is expected.");
}
