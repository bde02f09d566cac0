using Grpc.Core;
using Mesh.Common.Errors;

namespace Mesh.Controller.Routes;

/// <summary>mesh.controller.v1.RouteService.</summary>
public sealed class RouteService(RouteTable table, IHostApplicationLifetime lifetime) : V1.RouteService.RouteServiceBase
{
    public override async Task WatchRoutes(
        V1.WatchRoutesRequest request, IServerStreamWriter<V1.WatchRoutesResponse> responseStream, ServerCallContext context)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            var sent = await table.NewerThanAsync(0, ending.Token);
            await responseStream.WriteAsync(new V1.WatchRoutesResponse
            {
                Generation = sent.Generation, Snapshot = true, Routes = { sent.Routes.Values },
            }, ending.Token);
            while (true)
            {
                var next = await table.NewerThanAsync(sent.Generation, ending.Token);
                await responseStream.WriteAsync(Difference(sent, next), ending.Token);
                sent = next;
            }
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw MeshException.Unavailable("STOPPING", "This instance is stopping; watch again.");
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
