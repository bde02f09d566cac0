using System.Collections.Immutable;
using Grpc.Core;
using Mesh.Common.Hosting;
using Mesh.Controller.V1;
using Microsoft.Extensions.Options;

namespace Mesh.Router.Routing;

/// <summary>Follows the controller's routes. While the controller is away, the last ones stay.</summary>
internal sealed partial class RouteWatch(
    RouteService.RouteServiceClient controller,
    RoutingTableHolder tables,
    IOptions<RouterOptions> options,
    TimeProvider time,
    ILogger<RouteWatch> logger) : BackgroundLoop
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(500);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        var order = new RouteOrder(time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                using var call = controller.WatchRoutes(new WatchRoutesRequest { RouterId = options.Value.Id }, cancellationToken: stoppingToken);
                await foreach (var change in call.ResponseStream.ReadAllAsync(stoppingToken))
                {
                    if (!order.Takes(change.Generation))
                    {
                        LogBehind(change.Generation);
                        break;
                    }
                    tables.Change(table => table with { Routes = Apply(table.Routes, change) });
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogAway(e is RpcException ? null : e, e.Message);
            }
            await Task.Delay(s_pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The routes after a snapshot or a change.</summary>
    internal static ImmutableSortedDictionary<string, Route> Apply(ImmutableSortedDictionary<string, Route>? routes, WatchRoutesResponse change)
    {
        var known = change.Snapshot || routes is null ? ImmutableSortedDictionary.Create<string, Route>(StringComparer.Ordinal) : routes;
        return known.RemoveRange(change.Removed).SetItems(change.Routes.Select(r => KeyValuePair.Create(r.Key, r)));
    }

    [LoggerMessage(LogLevel.Information, "A controller that has only read routes up to generation {Generation} is left for another one")]
    private partial void LogBehind(long generation);

    [LoggerMessage(LogLevel.Warning, "Not hearing routes from the controller: {Problem}")]
    private partial void LogAway(Exception? exception, string problem);
}
