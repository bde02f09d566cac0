using System.Runtime.CompilerServices;
using System.Text.Json;
using Mesh.Common.ClickHouse;
using Mesh.Common.Errors;

namespace Mesh.Ingestion.Query;

/// <summary>Answers metric queries from the tables.</summary>
public sealed class MetricStore(ClickHouseClient clickHouse)
{
    private const int FewSeries = 1_000;

    // Of few series together this much time: at a sample a second some three million rows.
    private const long FewMilliseconds = 32L * 24 * 3600 * 1000;

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

    internal static IEnumerable<V1.Label> LabelsOf(JsonElement map) =>
        map.EnumerateObject().Select(pair => new V1.Label { Name = pair.Name, Value = pair.Value.GetString() });

    // The points of few series are reckoned here, from their rows: planning a statement that does it costs the database more than
    // reading them. Many series, and long stretches of time, are left to the database.
    private async IAsyncEnumerable<V1.QueryMetricsResponse> PerSeriesAsync(
        MetricQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var few = await FewAsync(query, cancellationToken);
        var found = few is null ? JoinedAsync(query, cancellationToken) : ReckonedAsync(query, few, cancellationToken);
        var count = 0;
        await foreach (var (metric, labels, response) in found)
        {
            if (response.Values.Count == 0)
                continue;
            Check(++count, query);
            response.Metric = query.Function == V1.SeriesFunction.Unspecified ? metric : "";
            response.Labels.AddRange(LabelsOf(labels));
            yield return response;
        }
    }

    /// <summary>The series that a query is about, by id; null when they are many, or when their order is by their values.</summary>
    private async Task<Dictionary<ulong, (string Metric, JsonElement Labels)>?> FewAsync(MetricQuery query, CancellationToken cancellationToken)
    {
        var most = Math.Min(FewSeries, FewMilliseconds / (query.End - query.Start + query.Window));
        if (query.Top > 0 || most == 0)
            return null;
        var parameters = new SqlParameters();
        var sql = MetricSql.Matched(query.Tenant, query.Selector, parameters) + $"\nlimit {most + 1}" + MetricSql.Limits;
        var known = new Dictionary<ulong, (string, JsonElement)>();
        await foreach (var row in clickHouse.QueryAsync(sql, parameters.Values, cancellationToken))
            known.Add(row.NaturalNumber(0), (row.Text(1), row[2]));
        return known.Count <= most ? known : null;
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

    private async IAsyncEnumerable<FoundSeries> ReckonedAsync(
        MetricQuery query, Dictionary<ulong, (string Metric, JsonElement Labels)> known, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (known.Count == 0)
            yield break;
        var (parameters, points) = (new SqlParameters(), new SeriesPoints(query));
        var rowBytes = query.IsOfMinutes ? SampleRow.MinuteBytes : SampleRow.SampleBytes;
        var current = default(ulong?);
        await foreach (var rows in clickHouse.QueryBinaryAsync(MetricSql.Rows(query, known.Keys, parameters), parameters, rowBytes, cancellationToken))
        {
            for (var at = 0; at < rows.Length; at += rowBytes)
            {
                var (series, row) = SampleRow.Read(rows.Span.Slice(at, rowBytes));
                if (current is { } before && before != series)
                    yield return Found(before);
                current = series;
                points.Add(row);
            }
        }

        if (current is { } last)
            yield return Found(last);

        FoundSeries Found(ulong series)
        {
            var (metric, labels) = known.TryGetValue(series, out var value) ? value : throw BinaryRows.Broken();
            var response = new V1.QueryMetricsResponse();
            points.MoveTo(response);
            return new(metric, labels, response);
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
        await foreach (var bucket in PerGroupAsync(query, by, cancellationToken))
            buckets.Add(bucket);
        foreach (var response in HistogramQuantile.Of(buckets, query.Quantile))
            yield return response;
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
