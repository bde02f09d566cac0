using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Mesh.Ingestion.Tests.Scraping;

namespace Mesh.Ingestion.Tests.Gnocchi;

/// <summary>
/// Answers as gnocchi-api 4.4.2 did (its own basic authentication, policies `low`, `medium` and `high` of its set-up), in pages
/// of two. All times are moved by the same span, so that the last ones lie a quarter of an hour back.
/// </summary>
internal sealed class RecordedGnocchi : IDisposable
{
    public const string Cpu = "f510ebc9-755a-4d0d-9bf6-e8ec6c562a44";
    public const string Memory = "871232b3-99ae-4a40-a94b-49fa9d60ac2c";
    public const string Nameless = "d030d61c-444c-4f6d-96b6-76b886ceb9e4";

    private const int PageSize = 2;

    // Whoever asks for measures of this one is told that it was deleted.
    private const string Gone = "69755939-651c-4d01-84a0-0d46ae4ae29a";

    private const string Metrics = """
        [{"id": "69755939-651c-4d01-84a0-0d46ae4ae29a", "creator": "admin", "name": "alone", "unit": null, "resource_id": null, "archive_policy": {"name": "low", "back_window": 0, "definition": [{"timespan": "30 days, 0:00:00", "granularity": "0:05:00", "points": 8640}], "aggregation_methods": ["std", "max", "mean", "sum", "count", "min"]}, "created_by_user_id": "admin", "created_by_project_id": ""},
        {"id": "871232b3-99ae-4a40-a94b-49fa9d60ac2c", "creator": "admin", "name": "memory.usage", "unit": "MB", "resource_id": "5b8a6cc0-7c7c-4c9d-9a3d-5d0c6b8f1a01", "archive_policy": {"name": "medium", "back_window": 0, "definition": [{"timespan": "7 days, 0:00:00", "granularity": "0:01:00", "points": 10080}, {"timespan": "365 days, 0:00:00", "granularity": "1:00:00", "points": 8760}], "aggregation_methods": ["std", "max", "mean", "sum", "count", "min"]}, "created_by_user_id": "admin", "created_by_project_id": ""},
        {"id": "d030d61c-444c-4f6d-96b6-76b886ceb9e4", "creator": "admin", "name": null, "unit": null, "resource_id": null, "archive_policy": {"name": "low", "back_window": 0, "definition": [{"timespan": "30 days, 0:00:00", "granularity": "0:05:00", "points": 8640}], "aggregation_methods": ["std", "max", "mean", "sum", "count", "min"]}, "created_by_user_id": "admin", "created_by_project_id": ""},
        {"id": "f510ebc9-755a-4d0d-9bf6-e8ec6c562a44", "creator": "admin", "name": "cpu.util", "unit": "%", "resource_id": "5b8a6cc0-7c7c-4c9d-9a3d-5d0c6b8f1a01", "archive_policy": {"name": "high", "back_window": 0, "definition": [{"timespan": "1:00:00", "granularity": "0:00:01", "points": 3600}, {"timespan": "7 days, 0:00:00", "granularity": "0:01:00", "points": 10080}, {"timespan": "365 days, 0:00:00", "granularity": "1:00:00", "points": 8760}], "aggregation_methods": ["std", "max", "mean", "sum", "count", "min"]}, "created_by_user_id": "admin", "created_by_project_id": ""}]
        """;

    private const string Measures = """
        {
        "871232b3-99ae-4a40-a94b-49fa9d60ac2c": [["2026-11-21T10:17:00+00:00", 60.0, 108.75], ["2026-11-21T10:18:00+00:00", 60.0, 117.0]],
        "d030d61c-444c-4f6d-96b6-76b886ceb9e4": [["2026-11-21T10:05:00+00:00", 300.0, 6.0], ["2026-11-21T10:10:00+00:00", 300.0, 45.0], ["2026-11-21T10:15:00+00:00", 300.0, 98.25]],
        "f510ebc9-755a-4d0d-9bf6-e8ec6c562a44": [["2026-11-21T10:17:05+00:00", 1.0, 103.5], ["2026-11-21T10:17:12+00:00", 1.0, 105.0], ["2026-11-21T10:17:19+00:00", 1.0, 106.5], ["2026-11-21T10:17:26+00:00", 1.0, 108.0], ["2026-11-21T10:17:33+00:00", 1.0, 109.5], ["2026-11-21T10:17:40+00:00", 1.0, 111.0], ["2026-11-21T10:17:47+00:00", 1.0, 112.5], ["2026-11-21T10:17:54+00:00", 1.0, 114.0], ["2026-11-21T10:18:01+00:00", 1.0, 115.5], ["2026-11-21T10:18:08+00:00", 1.0, 117.0], ["2026-11-21T10:18:15+00:00", 1.0, 118.5]]
        }
        """;

    private readonly HttpAnswers _answers;
    private readonly JsonElement[] _metrics = [.. JsonSerializer.Deserialize<JsonElement>(Metrics).EnumerateArray()];
    private readonly ConcurrentDictionary<string, (DateTimeOffset Time, double Granularity, double Value)[]> _measures;

    public RecordedGnocchi(DateTimeOffset now)
    {
        var last = DateTimeOffset.Parse("2026-11-21T10:20:00+00:00", CultureInfo.InvariantCulture);
        var moved = TimeSpan.FromMinutes(5 * Math.Floor((now - last).TotalMinutes / 5) - 15);
        _measures = new(JsonSerializer.Deserialize<JsonElement>(Measures).EnumerateObject().Select(item => KeyValuePair.Create(
            item.Name, item.Value.EnumerateArray().Select(triple => (triple[0].GetDateTimeOffset() + moved, triple[1].GetDouble(), triple[2].GetDouble())).ToArray())));
        _answers = new HttpAnswers(Answer);
        Address = new UriBuilder(_answers.Address) { UserName = "admin" }.Uri;
    }

    public Uri Address { get; }

    /// <summary>What was asked for, in its order.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Adds one more second of a metric, after its last one.</summary>
    public void Add(string metric, double value) => _measures[metric] = [.. _measures[metric], (_measures[metric][^1].Time.AddSeconds(1), 1, value)];

    public void Dispose() => _answers.Dispose();

    private (int Status, string Body) Answer(HttpListenerRequest request)
    {
        Asked.Enqueue(request.Url!.PathAndQuery);
        if (request.Headers["authorization"] != "Basic " + Convert.ToBase64String("admin:"u8))
            return (401, "401 Unauthorized");
        var query = request.QueryString;
        if (request.Url.AbsolutePath == "/v1/metric")
        {
            var after = query["marker"] is { } marker ? Array.FindIndex(_metrics, metric => metric.GetProperty("id").GetString() == marker) + 1 : 0;
            return (200, JsonSerializer.Serialize(_metrics.Skip(after).Take(PageSize)));
        }

        var id = request.Url.AbsolutePath.Split('/')[3];
        if (id == Gone)
            return (404, "404 Not Found");
        var granularity = double.Parse(query["granularity"]!, CultureInfo.InvariantCulture);
        var start = DateTimeOffset.FromUnixTimeSeconds(long.Parse(query["start"]!, CultureInfo.InvariantCulture));
        if (query["aggregation"] != "mean")
            return (404, "404 Not Found");
        return (200, JsonSerializer.Serialize(_measures[id]
            .Where(measure => measure.Granularity == granularity && measure.Time.AddSeconds(granularity) > start)
            .Select(measure => new object[] { measure.Time.ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture), measure.Granularity, measure.Value })));
    }
}
