using System.Runtime.CompilerServices;
using System.Text.Json;
using Mesh.Common.ClickHouse;
using Mesh.Ingestion.Query;

namespace Mesh.Ingestion.Federation;

/// <summary>The last value of a series.</summary>
public sealed record LatestSample(ulong Series, string Metric, JsonElement Labels, double Value, long Milliseconds);

/// <summary>Reads the last value of each series that has had one within the look-back.</summary>
public sealed class LatestStore(ClickHouseClient clickHouse, TimeProvider time)
{
    public const int MaxSeries = 200_000;

    public async IAsyncEnumerable<LatestSample> ReadAsync(string tenant, Selector selector, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var parameters = new SqlParameters();
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var sql = $"""
            with matched as ({MetricSql.Matched(tenant, selector, parameters)})
            select m.id, m.metric, m.labels, l.value, l.at
            from matched as m
            inner join
            (
                select series, argMax(s.value, s.time) as value, toUnixTimestamp64Milli(max(s.time)) as at
                from samples as s
                where s.tenant = {parameters.Text(tenant)} and s.series in (select id from matched)
                    and s.time > fromUnixTimestamp64Milli({parameters.Number(now - MetricQuery.LookBack)})
                    and s.time <= fromUnixTimestamp64Milli({parameters.Number(now)})
                group by series
            ) as l on l.series = m.id
            where {MetricSql.NotStale("l.value")}
            order by m.metric
            limit {parameters.Number(MaxSeries + 1)}
            """ + MetricSql.Limits;
        await foreach (var row in clickHouse.QueryAsync(sql, parameters.Values, cancellationToken))
            yield return new LatestSample(row.NaturalNumber(0), row.Text(1), row[2], row.Number(3), row.WholeNumber(4));
    }
}
