using System.Runtime.CompilerServices;
using Grpc.Core;
using Mesh.Builder.V1;
using Mesh.Controller.V1;
using Mesh.Ingestion.V1;

namespace Mesh.Client;

/// <summary>Streams that go on when a service is restarted: what was seen is not lost, what is sent again is not seen twice.</summary>
public static class Watches
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(500);
    private const int MostFailures = 60;

    /// <summary>A deployment as it is, then after each change. Ends only with an error or the token.</summary>
    public static IAsyncEnumerable<Deployment> WatchAsync(this DeploymentService.DeploymentServiceClient client, string name, CancellationToken cancellationToken) =>
        FollowAsync(
            () => client.WatchDeployment(new WatchDeploymentRequest { Name = name }, cancellationToken: cancellationToken),
            response => response.Deployment, cancellationToken);

    /// <summary>A build as it is, then after each change, up to its final state.</summary>
    public static IAsyncEnumerable<Build> WatchAsync(this BuildService.BuildServiceClient client, string name, CancellationToken cancellationToken) =>
        FollowAsync(
            () => client.WatchBuild(new WatchBuildRequest { Name = name }, cancellationToken: cancellationToken),
            response => response.Build, cancellationToken);

    /// <summary>A build's log, byte by byte as it grows, up to its end.</summary>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> LogAsync(
        this BuildService.BuildServiceClient client, string name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var offset = 0L;
        var pieces = FollowAsync(
            () => client.StreamBuildLog(new StreamBuildLogRequest { Name = name, Offset = offset }, cancellationToken: cancellationToken),
            response =>
            {
                offset = response.NextOffset;
                return response.Data.Memory;
            }, cancellationToken);
        await foreach (var piece in pieces) yield return piece;
    }

    /// <summary>
    /// Log records as they are acknowledged, after the last ones of the past. Ends only with an error or the token. After a break
    /// up to 1,000 records of what was missed are caught up.
    /// </summary>
    public static IAsyncEnumerable<TailResponse> TailAsync(this QueryService.QueryServiceClient client, TailRequest request, CancellationToken cancellationToken)
    {
        var seen = new SeenRecords();
        var next = request;
        return FollowAsync(
            () =>
            {
                var call = client.Tail(next, cancellationToken: cancellationToken);
                next = new TailRequest(request) { Backlog = SeenRecords.Capacity };
                seen.Reopened();
                return call;
            },
            seen.Unseen, cancellationToken);
    }

    /// <summary>
    /// Alerts: what is open, then every step of their lives; from a cursor on what comes behind it. Each message has the cursor to go on from
    /// after it. A message without an alert says that all of the past has been told. Ends only with an error or the token.
    /// </summary>
    public static IAsyncEnumerable<WatchAlertsResponse> WatchAsync(
        this AlertService.AlertServiceClient client, WatchAlertsRequest request, CancellationToken cancellationToken)
    {
        var next = request.Clone();
        return FollowAsync(
            () => client.WatchAlerts(next, cancellationToken: cancellationToken),
            response =>
            {
                next.Cursor = response.Cursor;
                return response;
            }, cancellationToken);
    }

    /// <summary>Opens a stream, and opens it again when it breaks because the service or the way to it is away.</summary>
    private static async IAsyncEnumerable<TItem> FollowAsync<TResponse, TItem>(
        Func<AsyncServerStreamingCall<TResponse>> open, Func<TResponse, TItem> read, [EnumeratorCancellation] CancellationToken cancellationToken)
        where TResponse : class
    {
        for (var failures = 0; ;)
        {
            using var call = open();
            while (true)
            {
                bool more;
                try
                {
                    more = await call.ResponseStream.MoveNext(cancellationToken);
                }
                catch (RpcException e) when (IsBreak(e) && !cancellationToken.IsCancellationRequested && failures++ < MostFailures)
                {
                    break;
                }
                if (!more) yield break;
                failures = 0;
                yield return read(call.ResponseStream.Current);
            }
            await Task.Delay(s_pause, cancellationToken);
        }
    }

    // A service's own error carries details. Without them the stream was cut on the way, for which gRPC has several codes: a proxy
    // that ends it between two messages leaves no status at all, one that ends it within a message an incomplete one.
    private static bool IsBreak(RpcException exception) =>
        exception.StatusCode == StatusCode.Unavailable
        || (exception.StatusCode is StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled && MeshError.Of(exception).Reason.Length == 0);

    /// <summary>The last records that were passed on: after a break the backlog holds them again.</summary>
    private sealed class SeenRecords
    {
        public const int Capacity = 1000;

        private readonly Queue<LogRecord> _order = [];
        private readonly HashSet<LogRecord> _seen = [];
        private HashSet<LogRecord> _before = [];

        public void Reopened() => _before = [.. _seen];

        public TailResponse Unseen(TailResponse response)
        {
            var unseen = new TailResponse { Dropped = response.Dropped };
            foreach (var record in response.Records)
            {
                // Each is left out once: an equal one that comes later is another.
                if (_before.Remove(record)) continue;
                unseen.Records.Add(record);
                if (_seen.Add(record)) _order.Enqueue(record);
                if (_order.Count > Capacity) _seen.Remove(_order.Dequeue());
            }
            return unseen;
        }
    }
}
