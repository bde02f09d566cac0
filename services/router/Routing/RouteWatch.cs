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

    protected override Task LoopAsync(CancellationToken stoppingToken)
    {
        var order = new RouteOrder(time);
        return new Rounds("Not hearing routes from the controller", time, logger) { Pause = s_pause }.RunAsync(stop => FollowAsync(order, stop), stoppingToken);
    }

    private async Task FollowAsync(RouteOrder order, CancellationToken cancellationToken)
    {
        using var call = controller.WatchRoutes(new WatchRoutesRequest { RouterId = options.Value.Id }, cancellationToken: cancellationToken);
        await foreach (var change in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            if (!order.Takes(change.Generation))
            {
                LogBehind(change.Generation);
                return;
            }
            tables.Change(table => table with { Routes = Apply(table.Routes, change) });
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
}
