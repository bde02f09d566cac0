using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Scheduler.Reconciling;

namespace Mesh.Scheduler.Endpoints;

/// <summary>EndpointService: the routers' streams.</summary>
public sealed class EndpointService(Leadership leadership, SchedulerOptions options, TimeProvider time)
    : V1.EndpointService.EndpointServiceBase
{
    private const int LongestId = 200;

    public override async Task Connect(
        IAsyncStreamReader<V1.EndpointServiceConnectRequest> requestStream,
        IServerStreamWriter<V1.EndpointServiceConnectResponse> responseStream, ServerCallContext context)
    {
        var term = leadership.Require();
        using var live = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, term.Ended);
        if (!await requestStream.MoveNext(live.Token) || requestStream.Current.Hello is not { RouterId.Length: > 0 and <= LongestId } hello
            || hello.RouterId.Any(char.IsControl))
            throw MeshException.InvalidArgument("hello.router_id", "The first message must be a Hello with the router's id.");
        var stream = new object();
        try
        {
            await term.Routers.ConnectAsync(term.Fence, hello.RouterId, stream, live.Token);
            await ExchangeAsync(term, hello.RouterId, stream, requestStream, responseStream, live);
        }
        catch (Exception) when (!context.CancellationToken.IsCancellationRequested && term.Ended.IsCancellationRequested)
        {
            throw Leadership.NotLeader();
        }
        finally
        {
            term.Routers.Disconnect(hello.RouterId, stream);
        }
    }

    private async Task ExchangeAsync(
        LeaderTerm term, string router, object stream, IAsyncStreamReader<V1.EndpointServiceConnectRequest> requests,
        IServerStreamWriter<V1.EndpointServiceConnectResponse> responses, CancellationTokenSource live)
    {
        var sending = SendAsync(term.Endpoints, responses, live.Token);
        var receiving = ReceiveAsync(term, router, stream, requests, live.Token);
        try
        {
            await await Task.WhenAny(sending, receiving);
        }
        finally
        {
            await live.CancelAsync();
            await Task.WhenAll(sending, receiving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task SendAsync(
        EndpointTable table, IServerStreamWriter<V1.EndpointServiceConnectResponse> responses, CancellationToken cancellationToken)
    {
        var current = table.Current;
        await responses.WriteAsync(Response(current.Generation, snapshot: true, current.All), cancellationToken);
        while (true)
        {
            var next = await table.AfterAsync(current.Generation, cancellationToken);
            await responses.WriteAsync(Response(next.Generation, snapshot: false, next.ChangedAfter(current.Generation)), cancellationToken);
            current = next;
        }
    }

    // A router says something every few seconds; one that does not is gone, though its connection may not know it.
    private async Task ReceiveAsync(
        LeaderTerm term, string router, object stream, IAsyncStreamReader<V1.EndpointServiceConnectRequest> requests,
        CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(options.Silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        try
        {
            while (await requests.MoveNext(either.Token))
            {
                silence.CancelAfter(options.Silence);
                if (requests.Current.Acknowledgement is { } acknowledgement)
                    term.Routers.Acknowledge(router, stream, acknowledgement.Generation);
            }
        }
        catch (Exception) when (silence.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw MeshException.Unavailable("ROUTER_SILENT", "Nothing was heard for too long.");
        }
    }

    private static V1.EndpointServiceConnectResponse Response(
        long generation, bool snapshot, IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> workloads)
    {
        var response = new V1.EndpointServiceConnectResponse { Generation = generation, Snapshot = snapshot };
        foreach (var (workload, addresses) in workloads)
            response.Workloads.Add(new V1.WorkloadEndpoints { Workload = workload, Addresses = { addresses } });
        return response;
    }
}
