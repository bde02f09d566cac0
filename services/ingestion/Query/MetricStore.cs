using System.Runtime.CompilerServices;
using System.Text.Json;
using Mesh.Common.ClickHouse;
using Mesh.Common.Errors;

namespace Mesh.Ingestion.Query;

/// <summary>Answers metric queries from the tables.</summary>
public sealed class MetricStore(ClickHouseClient clickHouse)
{
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

    private async IAsyncEnumerable<V1.QueryMetricsResponse> PerSeriesAsync(
        MetricQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var parameters = new SqlParameters();
        var count = 0;
        await foreach (var row in clickHouse.QueryAsync(MetricSql.PerSeries(query, parameters), parameters.Values, cancellationToken))
        {
            Check(++count, query);
            var response = new V1.QueryMetricsResponse { Metric = query.Function == V1.SeriesFunction.Unspecified ? row.Text(0) : "" };
            response.Labels.AddRange(LabelsOf(row[1]));
            AddPoints(response, query, row, 2);
            yield return response;
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
}
