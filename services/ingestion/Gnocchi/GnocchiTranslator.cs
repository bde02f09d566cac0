using System.Globalization;
using System.Net;
using System.Text.Json;
using Mesh.Ingestion.Scraping;
using Mesh.Ingestion.Targets;

namespace Mesh.Ingestion.Gnocchi;

/// <summary>
/// Gnocchi's REST (gnocchi.osci.io, "REST API Usage"): the list of metrics, and of each one what is new since the last
/// reading. Only spans of time that are over are taken, since the aggregate of a running one still changes.
/// </summary>
internal sealed class GnocchiTranslator(TargetHttp http, TimeProvider time) : ITranslator
{
    private const int PageSize = 1_000;
    private const int MaxMetrics = 100_000;
    private const int Parallel = 8;

    // What is left goes into the next reading.
    private const int EnoughSamples = 100_000;
    private const double EnoughPatience = 0.7;

    // As far back the first reading of a metric goes.
    private const long FirstMilliseconds = 3_600_000;

    // Gnocchi aggregates behind its own back; measures that come later than this are not seen.
    private const long SettleMilliseconds = 60_000;

    public async Task<HistoryReading> ReadAsync(Target target, TargetHistory history, TargetSamples samples, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var metrics = await ListAsync(target, cancellationToken);
        var spans = new List<HistorySpan>();
        var visited = 0;

        // What is owed comes first, and then what was read longest ago, so that nothing is left out for ever.
        Due[] due = [.. Owed(history, metrics), .. New(history, metrics.Values, now)];
        foreach (var group in due.Chunk(Parallel))
        {
            var answers = await Task.WhenAll(group.Select(item => ReadAsync(target, item.Metric, item.From, item.To, cancellationToken)));
            foreach (var ((metric, from, to, owed), measures) in group.Zip(answers).Where(pair => pair.Second.Count > 0))
            {
                foreach (var (at, value) in measures)
                    samples.Add(metric.Name, metric.Labels, value, at);

                // Values that are not there yet may still come behind the last one.
                spans.Add(new HistorySpan(metric.Id, from, owed ? to : measures[^1].Milliseconds));
            }

            visited += group.Length;
            if (samples.Count >= EnoughSamples || time.GetElapsedTime(began) > TargetUrl.PatienceOf(target) * EnoughPatience)
                break;
        }

        return new HistoryReading(spans, [.. due.Skip(visited).Where(item => item.IsOwed).Select(item => new HistorySpan(item.Metric.Id, item.From, item.To))]);
    }

    // What is owed of a metric that was deleted nobody can bring.
    private static IEnumerable<Due> Owed(TargetHistory history, Dictionary<string, GnocchiMetric> metrics) => history.Owed
        .Where(span => metrics.ContainsKey(span.Metric))
        .Select(span => new Due(metrics[span.Metric], span.From, span.To, IsOwed: true));

    private static IEnumerable<Due> New(TargetHistory history, IEnumerable<GnocchiMetric> metrics, long now) => metrics
        .Select(metric => new Due(metric, FromOf(metric, history.Positions, now), now - SettleMilliseconds - Milliseconds(metric), IsOwed: false))
        .Where(item => item.From <= item.To)
        .OrderBy(item => item.From);

    private static long FromOf(GnocchiMetric metric, IReadOnlyDictionary<string, long> known, long now) =>
        known.TryGetValue(metric.Id, out var last) ? last + Milliseconds(metric) : now - Math.Max(FirstMilliseconds, 3 * Milliseconds(metric));

    private static long Milliseconds(GnocchiMetric metric) => (long)metric.Granularity.TotalMilliseconds;

    private async Task<Dictionary<string, GnocchiMetric>> ListAsync(Target target, CancellationToken cancellationToken)
    {
        var metrics = new Dictionary<string, GnocchiMetric>(StringComparer.Ordinal);
        for (var marker = ""; ;)
        {
            var query = $"v1/metric?limit={PageSize}&sort=id:asc" + (marker.Length > 0 ? "&marker=" + Uri.EscapeDataString(marker) : "");
            using var page = await GetAsync(target, query, cancellationToken);
            if (page.RootElement.ValueKind != JsonValueKind.Array || page.RootElement.EnumerateArray().Any(entry => entry.ValueKind != JsonValueKind.Object))
                throw new ScrapeException("The target's list of metrics cannot be read.");
            foreach (var metric in page.RootElement.EnumerateArray().Select(GnocchiMetric.Of).OfType<GnocchiMetric>())
                metrics[metric.Id] = metric;
            if (metrics.Count > MaxMetrics)
                throw new ScrapeException($"The target has more than {MaxMetrics} metrics.");

            // A server may give shorter pages than it is asked for, so only an empty one is the last.
            var last = page.RootElement.EnumerateArray().LastOrDefault();
            var next = last.ValueKind == JsonValueKind.Object && last.TryGetProperty("id", out var id) ? id.GetString() ?? "" : "";
            if (next.Length == 0 || next == marker)
                return metrics;
            marker = next;
        }
    }

    private async Task<List<(long Milliseconds, double Value)>> ReadAsync(
        Target target, GnocchiMetric metric, long from, long to, CancellationToken cancellationToken)
    {
        var start = (from / 1000).ToString(CultureInfo.InvariantCulture);
        var granularity = metric.Granularity.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        try
        {
            using var answer = await GetAsync(
                target, $"v1/metric/{metric.Id}/measures?start={start}&aggregation={metric.Aggregation}&granularity={granularity}", cancellationToken);
            return GnocchiMeasures.Read(answer.RootElement, metric.Granularity, from, to);
        }
        catch (ScrapeException exception) when (exception.Status == HttpStatusCode.NotFound)
        {
            // It was deleted since it was listed.
            return [];
        }
    }

    private async Task<JsonDocument> GetAsync(Target target, string query, CancellationToken cancellationToken)
    {
        var root = TargetUrl.Of(target).GetLeftPart(UriPartial.Path).TrimEnd('/');
        using var body = await http.GetAsync(target, new Uri($"{root}/{query}"), "application/json", cancellationToken);
        try
        {
            // The document keeps no part of the body.
            return JsonDocument.Parse(body.Memory.ToArray());
        }
        catch (JsonException)
        {
            throw new ScrapeException("The target's answer is no JSON.");
        }
    }

    private readonly record struct Due(GnocchiMetric Metric, long From, long To, bool IsOwed);
}
