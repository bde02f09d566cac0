using System.Runtime.CompilerServices;
using System.Text.Json;
using Mesh.Common.ClickHouse;
using Mesh.Common.Errors;

namespace Mesh.Ingestion.Query;

/// <summary>Answers metric queries from the tables.</summary>
public sealed class MetricStore(ClickHouseClient clickHouse)
{
    private const int Few = 1_000;

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

    // Few series are looked up first, so that the statement over the samples is short and names them; many are joined by the database.
    private async IAsyncEnumerable<V1.QueryMetricsResponse> PerSeriesAsync(
        MetricQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var known = await FewAsync(query, cancellationToken);
        if (known is { Count: 0 })
            yield break;

        var parameters = new SqlParameters();
        var steps = known is not null && query is { Function: V1.SeriesFunction.Unspecified, Top: 0 };
        var sql = known is null ? MetricSql.PerSeries(query, parameters)
            : steps ? MetricSql.LastValuesPerSeries(query, known.Keys, parameters)
            : MetricSql.PerSeries(query, known.Keys, parameters);
        var count = 0;
        await foreach (var row in clickHouse.QueryAsync(sql, parameters.Values, cancellationToken))
        {
            var (metric, labels, first) = known is null ? (row.Text(0), row[1], 2) : (known[row[0].GetUInt64()].Metric, known[row[0].GetUInt64()].Labels, 1);
            var response = new V1.QueryMetricsResponse { Metric = query.Function == V1.SeriesFunction.Unspecified ? metric : "" };
            response.Labels.AddRange(LabelsOf(labels));
            if (steps) AddSteps(response, query, row);
            else AddPoints(response, query, row, first);
            if (response.Values.Count == 0)
                continue;
            Check(++count, query);
            yield return response;
        }
    }

    /// <summary>The series that a query is about, by id; null when they are many.</summary>
    private async Task<Dictionary<ulong, (string Metric, JsonElement Labels)>?> FewAsync(MetricQuery query, CancellationToken cancellationToken)
    {
        var parameters = new SqlParameters();
        var sql = MetricSql.Matched(query.Tenant, query.Selector, parameters) + $" limit {Few + 1}" + MetricSql.Limits;
        var known = new Dictionary<ulong, (string, JsonElement)>();
        await foreach (var row in clickHouse.QueryAsync(sql, parameters.Values, cancellationToken))
            known.Add(row[0].GetUInt64(), (row.Text(1), row[2]));
        return known.Count <= Few ? known : null;
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

    // A value stands from the first point that sees it to the next value or to the end of its look-back.
    private static void AddSteps(V1.QueryMetricsResponse response, MetricQuery query, ClickHouseRow row)
    {
        var (buckets, values, times) = (row[1], row[2], row[3]);
        var count = buckets.GetArrayLength();
        for (var i = 0; i < count; i++)
        {
            var next = i + 1 < count ? buckets[i + 1].GetInt64() : query.Points;
            var beyond = (times[i].GetInt64() + MetricQuery.LookBack - 1 - query.Start + query.Step) / query.Step;
            var end = Math.Min(Math.Min(next, beyond), query.Points);
            for (var k = Math.Max(0, buckets[i].GetInt64()); k < end; k++)
            {
                response.TimesMillis.Add(query.Start + k * query.Step);
                response.Values.Add(JsonNumber.Of(values[i]));
            }
        }
    }

    private static void AddPoints(V1.QueryMetricsResponse response, MetricQuery query, ClickHouseRow row, int column)
    {
        foreach (var k in row[column].EnumerateArray())
            response.TimesMillis.Add(query.Start + k.GetInt64() * query.Step);
        foreach (var value in row[column + 1].EnumerateArray())
            response.Values.Add(JsonNumber.Of(value));
    }
}
