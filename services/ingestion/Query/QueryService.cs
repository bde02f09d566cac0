using System.Runtime.CompilerServices;
using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Ingestion.Tail;

namespace Mesh.Ingestion.Query;

/// <summary>The wire of questions. Every question is about one tenant, whom the access rule has checked.</summary>
public sealed class QueryService(MetricStore metrics, LogStore logs, TraceStore traces, LiveTail tail, TailMerges merges, TimeProvider time)
    : V1.QueryService.QueryServiceBase
{
    private const int MaxBacklog = 1_000;
    private static readonly TimeSpan PositionInterval = TimeSpan.FromSeconds(5);

    public override async Task QueryMetrics(
        V1.QueryMetricsRequest request, IServerStreamWriter<V1.QueryMetricsResponse> responseStream, ServerCallContext context)
    {
        await foreach (var response in metrics.QueryAsync(MetricQuery.Parse(request, time), context.CancellationToken))
            await responseStream.WriteAsync(response, context.CancellationToken);
    }

    public override async Task ListSeries(
        V1.ListSeriesRequest request, IServerStreamWriter<V1.ListSeriesResponse> responseStream, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var selector = Selector.Parse(request.Selector, "selector");
        var limit = MetricQuery.LimitOf(request.Limit, MetricQuery.DefaultLimit, MetricQuery.MaxLimit);
        await foreach (var page in Pages.OfAsync(metrics.ListAsync(tenant, selector, limit, context.CancellationToken)))
            await responseStream.WriteAsync(new V1.ListSeriesResponse { Series = { page } }, context.CancellationToken);
    }

    public override async Task SearchLogs(
        V1.SearchLogsRequest request, IServerStreamWriter<V1.SearchLogsResponse> responseStream, ServerCallContext context)
    {
        await foreach (var page in Pages.OfAsync(logs.SearchAsync(LogQuery.Parse(request, time), context.CancellationToken)))
            await responseStream.WriteAsync(new V1.SearchLogsResponse { Records = { page } }, context.CancellationToken);
    }

    public override async Task Tail(V1.TailRequest request, IServerStreamWriter<V1.TailResponse> responseStream, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var selector = Selector.Parse(request.Selector, "selector");
        using var subscription = tail.Subscribe(new LogFilter(tenant, selector, request.Contains), undrained: request.Backlog > 0);
        await using var merge = merges.Begin(subscription, request, context.CancellationToken);
        await merge.OpenedAsync();
        // What the database takes while the two are asked comes by both ways, and is shown once.
        var shown = new HashSet<V1.LogRecord>();
        await foreach (var page in Pages.OfAsync(BacklogAsync(request, tenant, selector, context.CancellationToken)))
        {
            shown.UnionWith(page);
            await responseStream.WriteAsync(new V1.TailResponse { Records = { page } }, context.CancellationToken);
        }

        // The first answer comes even when it is empty: from then on the reader misses nothing.
        if (shown.Count == 0)
            await responseStream.WriteAsync(new V1.TailResponse(), context.CancellationToken);

        await foreach (var piece in merge.PiecesAsync(context.CancellationToken))
        {
            var response = new V1.TailResponse { Dropped = piece.Dropped };
            response.Records.AddRange(piece.Records.Where(record => !shown.Remove(record)));
            if (response.Records.Count > 0 || response.Dropped > 0)
                await responseStream.WriteAsync(response, context.CancellationToken);
        }
    }

    public override async Task TailReplica(
        V1.TailReplicaRequest request, IServerStreamWriter<V1.TailReplicaResponse> responseStream, ServerCallContext context)
    {
        var filter = new LogFilter(TenantName.Parse(request.Parent, "parent").Tenant, Selector.Parse(request.Selector, "selector"), request.Contains);
        using var subscription = tail.Relay(filter, request.Undrained, request.After);
        V1.TailPosition? told = null;
        for (var waiting = Task.FromResult(true); !waiting.IsCompleted || await waiting;)
        {
            var page = subscription.TakePage();
            page.Position = tail.PositionOf(subscription);
            if (page.Records.Count > 0 || page.Dropped > 0 || !page.Position.Equals(told))
                await responseStream.WriteAsync(page, context.CancellationToken);
            told = page.Position;
            if (waiting.IsCompleted)
                waiting = subscription.WaitAsync(context.CancellationToken).AsTask();
            // Where nothing matches, the reader is told from time to time how far the log has come.
            await ((Task)waiting).WaitAsync(PositionInterval, time, context.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public override async Task<V1.GetTraceResponse> GetTrace(V1.GetTraceRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        if (request.TraceId.Length != 32 || !request.TraceId.All(char.IsAsciiHexDigit))
            throw MeshException.InvalidArgument("trace_id", "A trace's id has 32 hex digits.");

        var response = new V1.GetTraceResponse();
        await foreach (var span in traces.GetAsync(tenant, request.TraceId.ToLowerInvariant(), context.CancellationToken))
            response.Spans.Add(span);
        return response.Spans.Count > 0
            ? response
            : throw MeshException.NotFound("TRACE_NOT_FOUND", $"There is no trace `{request.TraceId}`.");
    }

    public override async Task<V1.SearchTracesResponse> SearchTraces(V1.SearchTracesRequest request, ServerCallContext context)
    {
        var response = new V1.SearchTracesResponse();
        await foreach (var span in traces.SearchAsync(TraceQuery.Parse(request, time), context.CancellationToken))
            response.Spans.Add(span);
        return response;
    }

    // The newest records that the table has, oldest first.
    private async IAsyncEnumerable<V1.LogRecord> BacklogAsync(
        V1.TailRequest request, string tenant, Selector selector, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var count = MetricQuery.LimitOf(request.Backlog, 0, MaxBacklog);
        if (count == 0)
            yield break;

        var (start, end) = LogQuery.RangeOf(null, null, time);
        var query = new LogQuery(tenant, selector, request.Contains, start, end, 0, count, NewestFirst: true);
        var records = new List<V1.LogRecord>();
        await foreach (var record in logs.SearchAsync(query, cancellationToken))
            records.Add(record);
        records.Reverse();
        foreach (var record in records)
            yield return record;
    }
}
