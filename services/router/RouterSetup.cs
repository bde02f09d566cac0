using Mesh.Common.Discovery;
using Mesh.Controller.V1;
using Mesh.Router.Nginx;
using Mesh.Router.Routing;
using Mesh.Scheduler.V1;

namespace Mesh.Router;

/// <summary>What the router is made of.</summary>
internal static class RouterSetup
{
    public static void AddRouter(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<RouterOptions>().Bind(builder.Configuration).ValidateDataAnnotations().ValidateOnStart();
        services.AddMeshClient<RouteService.RouteServiceClient>("controller");
        services.AddMeshClient<EndpointService.EndpointServiceClient>("scheduler");
        services.AddSingleton<RoutingTableHolder>();
        services.AddSingleton<ServedGeneration>();
        services.AddSingleton<NginxServer>();
        // The last to start is the first to stop: nginx serves until all else has ended.
        services.AddHostedService<NginxLoop>();
        services.AddHostedService<ServiceWatch>();
        services.AddHostedService<RouteWatch>();
        services.AddHostedService<EndpointWatch>();
    }
}
