using System.Runtime.CompilerServices;
using Grpc.Core;
using Mesh.Builder.V1;
using Mesh.Controller.V1;

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

    /// <summary>Opens a stream, and opens it again when it breaks because the service is away.</summary>
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
                catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable && failures++ < MostFailures)
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
}
