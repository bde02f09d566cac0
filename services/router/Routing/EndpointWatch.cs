using System.Collections.Immutable;
using Grpc.Core;
using Mesh.Common.Hosting;
using Mesh.Contracts;
using Mesh.Scheduler.V1;
using Microsoft.Extensions.Options;

namespace Mesh.Router.Routing;

/// <summary>
/// Follows the scheduler's endpoints and acknowledges each generation once nginx serves it. While the scheduler is away, the last
/// addresses stay.
/// </summary>
internal sealed class EndpointWatch(
    EndpointService.EndpointServiceClient scheduler,
    RoutingTableHolder tables,
    ServedGeneration served,
    IOptions<RouterOptions> options,
    TimeProvider time,
    ILogger<EndpointWatch> logger) : BackgroundLoop
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_signOfLife = TimeSpan.FromSeconds(3);

    private string RouterId => options.Value.Id.Length > 0 ? options.Value.Id : Environment.MachineName;

    protected override Task LoopAsync(CancellationToken stoppingToken) =>
        new Rounds("Not hearing endpoints from the scheduler", time, logger) { Pause = s_pause }.RunAsync(FollowAsync, stoppingToken);

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var call = scheduler.Connect(cancellationToken: ending.Token);
        await call.RequestStream.TryWriteAsync(
            new EndpointServiceConnectRequest { Hello = new EndpointServiceConnectRequest.Types.Hello { RouterId = RouterId } }, ending.Token);
        var acknowledging = AcknowledgeAsync(call.RequestStream, ending.Token);
        try
        {
            await foreach (var message in call.ResponseStream.ReadAllAsync(ending.Token))
            {
                tables.Change(table => table with
                {
                    Endpoints = Apply(table.Endpoints, message),
                    EndpointsGeneration = message.Generation,
                });
            }
        }
        finally
        {
            await ending.CancelAsync();
            await acknowledging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task AcknowledgeAsync(IClientStreamWriter<EndpointServiceConnectRequest> requests, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (generation, changed) = served.Current;
            // Sent while nothing is served yet too, as 0: it is the sign of life without which the scheduler ends the stream.
            var acknowledgement = new EndpointServiceConnectRequest.Types.Acknowledgement { Generation = generation };
            if (!await requests.TryWriteAsync(new EndpointServiceConnectRequest { Acknowledgement = acknowledgement }, cancellationToken)) return;
            await changed.WaitAsync(s_signOfLife, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The addresses after a snapshot or a change.</summary>
    internal static ImmutableSortedDictionary<string, ImmutableArray<string>> Apply(
        ImmutableSortedDictionary<string, ImmutableArray<string>>? endpoints, EndpointServiceConnectResponse message)
    {
        var known = message.Snapshot || endpoints is null
            ? ImmutableSortedDictionary.Create<string, ImmutableArray<string>>(StringComparer.Ordinal)
            : endpoints;
        foreach (var workload in message.Workloads)
        {
            known = workload.Addresses.Count == 0
                ? known.Remove(workload.Workload)
                : known.SetItem(workload.Workload, [.. workload.Addresses.Order(StringComparer.Ordinal)]);
        }
        return known;
    }
}
