using System.Runtime.CompilerServices;
using Mesh.Common.ClickHouse;

namespace Mesh.Ingestion.Query;

/// <summary>Searches the table of logs.</summary>
public sealed class LogStore(ClickHouseClient clickHouse)
{
    public async IAsyncEnumerable<V1.LogRecord> SearchAsync(LogQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var parameters = new SqlParameters();
        var text = query.Contains.Length == 0 ? "" : $" and positionCaseInsensitiveUTF8(body, {parameters.Text(query.Contains)}) > 0";
        var order = query.NewestFirst ? "desc" : "asc";
        var sql = $"""
            select toUnixTimestamp64Nano(time), severity, body, labels, trace_id, span_id
            from logs
            where tenant = {parameters.Text(query.Tenant)}
                and time >= fromUnixTimestamp64Nano({parameters.Number(query.Start)})
                and time <= fromUnixTimestamp64Nano({parameters.Number(query.End)})
                and severity >= {parameters.Number(query.Severity)}{text}{LabelConditions.Of(query.Selector, parameters, "labels")}
            order by tenant {order}, time {order}
            limit {parameters.Number(query.Limit)}
            """ + MetricSql.Limits;
        await foreach (var row in clickHouse.QueryAsync(sql, parameters.Values, cancellationToken))
        {
            var record = new V1.LogRecord
            {
                Time = UnixTime.Of(row.WholeNumber(0)),
                Severity = (V1.LogSeverity)row.WholeNumber(1),
                Body = row.Text(2),
                TraceId = row.Text(4),
                SpanId = row.Text(5),
            };
            record.Labels.AddRange(MetricStore.LabelsOf(row[3]));
            yield return record;
        }
    }
}
