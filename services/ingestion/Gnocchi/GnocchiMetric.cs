using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Series;

namespace Mesh.Ingestion.Gnocchi;

/// <summary>A metric as Gnocchi's list of metrics describes it, and how it is read.</summary>
/// <param name="Id">Gnocchi's id of it.</param>
/// <param name="Name">Its name with the prefix `gnocchi_`.</param>
/// <param name="Labels">What else is told of it.</param>
/// <param name="Aggregation">The aggregate that is read: the mean where there is one.</param>
/// <param name="Granularity">The finest time span that its archive policy keeps values of, of those of a second and more.</param>
internal sealed partial record GnocchiMetric(
    string Id, string Name, IReadOnlyList<KeyValuePair<string, string>> Labels, string Aggregation, TimeSpan Granularity)
{
    private static readonly string[] Aggregations = ["mean", "last", "max", "min", "sum", "count"];

    /// <summary>Reads one entry of the list; null where nothing is kept of it that could be read.</summary>
    public static GnocchiMetric? Of(JsonElement entry)
    {
        var id = entry.Text("id");
        if (!Guid.TryParse(id, out _) || !entry.TryGetProperty("archive_policy", out var policy) || policy.ValueKind != JsonValueKind.Object)
            return null;
        var aggregation = Aggregations.FirstOrDefault(Texts(policy, "aggregation_methods").Contains);
        var granularity = Definitions(policy).Select(SpanOf).OfType<TimeSpan>().Where(span => span >= TimeSpan.FromSeconds(1)).DefaultIfEmpty().Min();
        if (aggregation is null || granularity == default)
            return null;
        var name = entry.Text("name");
        return new GnocchiMetric(
            id,
            name.Length == 0 ? "gnocchi_measure" : Names.Translate("gnocchi_" + name, colon: true),
            [
                new("metric_id", id), new("resource_id", entry.Text("resource_id")), new("unit", entry.Text("unit")),
                new("archive_policy", policy.Text("name")), new("aggregation", aggregation),
            ],
            aggregation,
            granularity);
    }

    /// <summary>A span as Gnocchi writes it: `0:05:00`, `1 day, 0:00:00` or seconds.</summary>
    public static TimeSpan? SpanOf(string text)
    {
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds))
            return seconds is > 0 and < 1e9 ? TimeSpan.FromSeconds(seconds) : null;
        var match = Span().Match(text);
        if (!match.Success)
            return null;
        double Part(string name) => match.Groups[name].Success ? double.Parse(match.Groups[name].ValueSpan, CultureInfo.InvariantCulture) : 0;
        return TimeSpan.FromDays(Part("days")) + TimeSpan.FromSeconds(Part("hours") * 3600 + Part("minutes") * 60 + Part("seconds"));
    }

    private static HashSet<string> Texts(JsonElement owner, string name) => owner.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
        ? [.. list.EnumerateArray().Select(item => item.AsText() ?? "")]
        : [];

    private static IEnumerable<string> Definitions(JsonElement policy) => policy.TryGetProperty("definition", out var list) && list.ValueKind == JsonValueKind.Array
        ? list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object && item.TryGetProperty("granularity", out _))
            .Select(item => item.GetProperty("granularity").AsText() ?? "")
        : [];

    [GeneratedRegex(@"^((?<days>\d{1,6}) days?, )?(?<hours>\d{1,2}):(?<minutes>\d\d):(?<seconds>\d\d(\.\d+)?)$")]
    private static partial Regex Span();
}
