using System.Runtime.CompilerServices;
using Mesh.Common.ClickHouse;

namespace Mesh.Ingestion.Query;

/// <summary>Reads the table of spans.</summary>
public sealed class TraceStore(ClickHouseClient clickHouse)
{
    private const int MaxSpans = 20_000;

    private const string Columns =
        "trace_id, span_id, parent_span_id, operation, service, kind, toUnixTimestamp64Nano(start), duration, error, status_message, attributes";

    public async IAsyncEnumerable<V1.Span> GetAsync(string tenant, string traceId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var parameters = new SqlParameters();
        var sql = $"""
            select {Columns}
            from spans
            where tenant = {parameters.Text(tenant)} and trace_id = {parameters.Text(traceId)}
            order by start, duration desc
            limit {parameters.Number(MaxSpans)}
            """ + MetricSql.Limits;
        await foreach (var row in clickHouse.QueryAsync(sql, parameters.Values, cancellationToken))
            yield return Map(row);
    }

    /// <summary>One span of each trace that has one that matches, the newest first.</summary>
    public async IAsyncEnumerable<V1.Span> SearchAsync(TraceQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var parameters = new SqlParameters();
        var service = query.Service.Length == 0 ? "" : $" and service = {parameters.Text(query.Service)}";
        var errors = query.ErrorsOnly ? " and error = 1" : "";
        var sql = $"""
            select {Columns}
            from spans
            where tenant = {parameters.Text(query.Tenant)}
                and start >= fromUnixTimestamp64Nano({parameters.Number(query.Start)})
                and start <= fromUnixTimestamp64Nano({parameters.Number(query.End)})
                and duration >= {parameters.Number(query.MinDuration)}{service}{errors}
            order by start desc
            limit 1 by trace_id
            limit {parameters.Number(query.Limit)}
            """ + MetricSql.Limits;
        await foreach (var row in clickHouse.QueryAsync(sql, parameters.Values, cancellationToken))
            yield return Map(row);
    }

    private static V1.Span Map(ClickHouseRow row)
    {
        var span = new V1.Span
        {
            TraceId = row.Text(0),
            SpanId = row.Text(1),
            ParentSpanId = row.Text(2),
            Operation = row.Text(3),
            Service = row.Text(4),
            Kind = (V1.Span.Types.Kind)row.WholeNumber(5),
            StartTime = UnixTime.Of(row.WholeNumber(6)),
            DurationNanos = row.WholeNumber(7),
            Error = row.WholeNumber(8) != 0,
            StatusMessage = row.Text(9),
        };
        span.Attributes.AddRange(MetricStore.LabelsOf(row[10]));
        return span;
    }
}
