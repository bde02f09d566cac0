using Grpc.Core;

namespace Mesh.Controller.Routes;

/// <summary>mesh.controller.v1.RouteService.</summary>
public sealed class RouteService(RouteTable table) : V1.RouteService.RouteServiceBase
{
    public override async Task WatchRoutes(
        V1.WatchRoutesRequest request, IServerStreamWriter<V1.WatchRoutesResponse> responseStream, ServerCallContext context)
    {
        var cancellationToken = context.CancellationToken;
        var sent = await table.NewerThanAsync(0, cancellationToken);
        await responseStream.WriteAsync(new V1.WatchRoutesResponse
        {
            Generation = sent.Generation, Snapshot = true, Routes = { sent.Routes.Values },
        }, cancellationToken);
        while (true)
        {
            var next = await table.NewerThanAsync(sent.Generation, cancellationToken);
            await responseStream.WriteAsync(Difference(sent, next), cancellationToken);
            sent = next;
        }
    }

    /// <summary>What leads from one snapshot to another.</summary>
    internal static V1.WatchRoutesResponse Difference(RouteSnapshot from, RouteSnapshot to) => new()
    {
        Generation = to.Generation,
        Routes = { to.Routes.Values.Where(r => !from.Routes.TryGetValue(r.Key, out var old) || !old.Equals(r)) },
        Removed = { from.Routes.Keys.Where(k => !to.Routes.ContainsKey(k)) },
    };
}
