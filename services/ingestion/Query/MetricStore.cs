using System.Runtime.CompilerServices;
using System.Text.Json;
using Mesh.Common.ClickHouse;
using Mesh.Common.Errors;

namespace Mesh.Ingestion.Query;

/// <summary>Answers metric queries from the tables.</summary>
public sealed class MetricStore(ClickHouseClient clickHouse) : IDisposable
{
    private const int MostFew = 1_000;

    // Of few series together this much time: at a sample a second some three million rows.
    private const long FewMilliseconds = 32L * 24 * 3600 * 1000;

    private readonly SelectorGuesses _guesses = new();

    public IAsyncEnumerable<V1.QueryMetricsResponse> QueryAsync(MetricQuery query, CancellationToken cancellationToken) => query.Aggregation switch
    {
        V1.Aggregation.Unspecified => PerSeriesAsync(query, cancellationToken),
        V1.Aggregation.HistogramQuantile => QuantilesAsync(query, cancellationToken),
        _ => PerGroupAsync(query, query.By, cancellationToken),
    };

    /// <summary>The series that a selector matches.</summary>
    public async IAsyncEnumerable<V1.ListSeriesResponse.Types.Series> ListAsync(
        string tenant, Selector selector, int limit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var parameters = new SqlParameters();
        var sql = $"""
            select metric, labels
            from ({MetricSql.Matched(tenant, selector, parameters)})
            order by metric, labels
            limit {parameters.Number(limit)}
            """ + MetricSql.Limits;
        await foreach (var row in clickHouse.QueryAsync(sql, parameters.Values, cancellationToken))
        {
            var series = new V1.ListSeriesResponse.Types.Series { Metric = row.Text(0) };
            series.Labels.AddRange(LabelsOf(row[1]));
            yield return series;
        }
    }

    public void Dispose() => _guesses.Dispose();

    internal static IEnumerable<V1.Label> LabelsOf(JsonElement map) =>
        map.EnumerateObject().Select(pair => new V1.Label { Name = pair.Name, Value = pair.Value.GetString() });

    private async IAsyncEnumerable<V1.QueryMetricsResponse> PerSeriesAsync(
        MetricQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var (metric, labels, response) in MostOf(query) is > 0 and var most ? FewOrJoinedAsync(query, most, cancellationToken) : JoinedAsync(query, cancellationToken))
        {
            if (response.Values.Count == 0)
                continue;
            Check(++count, query);
            response.Metric = query.Function == V1.SeriesFunction.Unspecified ? metric : "";
            response.Labels.AddRange(LabelsOf(labels));
            yield return response;
        }
    }

    // The points of few series are reckoned here, from their rows: planning a statement that does it costs the database more than
    // reading them. Many series, and long stretches of time, are left to the database, and so is the order of the top ones.
    private static int MostOf(MetricQuery query) => query.Top > 0 ? 0 : (int)Math.Min(MostFew, FewMilliseconds / (query.End - query.Start + query.Window));

    // The rows of the series that the selector matched before come while it is found out what it matches now.
    private async IAsyncEnumerable<FoundSeries> FewOrJoinedAsync(MetricQuery query, int most, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var guess = _guesses.Of(query.Tenant, query.Selector);
        await using var guessed = guess?.Count <= most ? SeriesRows.Ask(clickHouse, query, guess, cancellationToken) : null;
        var few = await FewAsync(query, most, cancellationToken);
        if (few is { Count: 0 })
            yield break;
        var isRight = few?.Are(guessed?.Ids) == true;
        if (guessed is not null && !isRight)
            await guessed.DisposeAsync();
        await using var asked = few is null || isRight ? null : SeriesRows.Ask(clickHouse, query, few.Ids, cancellationToken);
        await foreach (var found in few is null ? JoinedAsync(query, cancellationToken) : ReckonedAsync(query, few, (asked ?? guessed)!))
            yield return found;
    }

    /// <summary>The series that a query is about; null when they are more than that.</summary>
    private async Task<FewSeries?> FewAsync(MetricQuery query, int most, CancellationToken cancellationToken)
    {
        var parameters = new SqlParameters();
        var sql = MetricSql.Matched(query.Tenant, query.Selector, parameters) + $"\nlimit {most + 1}" + MetricSql.Limits;
        var few = new FewSeries();
        await foreach (var row in clickHouse.QueryAsync(sql, parameters.Values, cancellationToken))
            few.Add(row.NaturalNumber(0), row.Text(1), row[2]);
        var found = few.Count <= most ? few : null;
        _guesses.Keep(query.Tenant, query.Selector, found);
        return found;
    }

    private async IAsyncEnumerable<FoundSeries> JoinedAsync(MetricQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var parameters = new SqlParameters();
        await foreach (var row in clickHouse.QueryAsync(MetricSql.PerSeries(query, parameters), parameters.Values, cancellationToken))
        {
            var response = new V1.QueryMetricsResponse();
            AddPoints(response, query, row, 2);
            yield return new(row.Text(0), row[1], response);
        }
    }

    private static async IAsyncEnumerable<FoundSeries> ReckonedAsync(MetricQuery query, FewSeries few, SeriesRows rows)
    {
        var points = new SeriesPoints(query);
        while (await rows.NextAsync() is { } series)
        {
            var (metric, labels) = few.Of(series);
            var response = new V1.QueryMetricsResponse();
            await rows.TakeAsync(series, points);
            points.MoveTo(response);
            yield return new(metric, labels, response);
        }
    }

    private async IAsyncEnumerable<V1.QueryMetricsResponse> PerGroupAsync(
        MetricQuery query, IReadOnlyList<string> by, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var parameters = new SqlParameters();
        var count = 0;
        await foreach (var row in clickHouse.QueryAsync(MetricSql.PerGroup(query, by, parameters), parameters.Values, cancellationToken))
        {
            Check(++count, query);
            var response = new V1.QueryMetricsResponse();
            foreach (var (label, value) in by.Zip(row[0].EnumerateArray(), (label, value) => (label, value.GetString()!)))
            {
                if (value.Length > 0)
                    response.Labels.Add(new V1.Label { Name = label, Value = value });
            }

            AddPoints(response, query, row, 1);
            yield return response;
        }
    }

    private async IAsyncEnumerable<V1.QueryMetricsResponse> QuantilesAsync(
        MetricQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buckets = new List<V1.QueryMetricsResponse>();
        string[] by = [.. query.By.Where(label => label != HistogramQuantile.BoundLabel), HistogramQuantile.BoundLabel];
        // The limits are those of the histograms: each needs all of its buckets.
        await foreach (var bucket in PerGroupAsync(query with { Top = 0, Limit = MetricQuery.MaxLimit }, by, cancellationToken))
            buckets.Add(bucket);
        var histograms = HistogramQuantile.Of(buckets, query.Quantile);
        if (query.Top > 0)
            histograms = histograms.OrderByDescending(series => series.Values.Average()).Take(Math.Min(query.Top, query.Limit));
        var count = 0;
        foreach (var response in histograms)
        {
            Check(++count, query);
            yield return response;
        }
    }

    private static void Check(int count, MetricQuery query)
    {
        if (count > query.Limit)
            throw MeshException.ResourceExhausted("TOO_MANY_SERIES", $"More than {query.Limit} series match. Narrow the selector or join series.");
    }

    private static void AddPoints(V1.QueryMetricsResponse response, MetricQuery query, ClickHouseRow row, int column)
    {
        foreach (var k in row[column].EnumerateArray())
            response.TimesMillis.Add(query.Start + k.GetInt64() * query.Step);
        foreach (var value in row[column + 1].EnumerateArray())
            response.Values.Add(JsonNumber.Of(value));
    }

    // A series with its points, before it is known whether there are too many.
    private readonly record struct FoundSeries(string Metric, JsonElement Labels, V1.QueryMetricsResponse Response);
}
