using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Mesh.Common.Discovery;

/// <summary>Registers typed clients of other services.</summary>
public static class DiscoverySetup
{
    /// <summary>A client of a service that is found through Consul, for instance `AddMeshClient&lt;AppService.AppServiceClient&gt;("controller")`.</summary>
    public static IServiceCollection AddMeshClient<TClient>(this IServiceCollection services, string service) where TClient : ClientBase<TClient> =>
        services.AddSingleton(p => (TClient)Activator.CreateInstance(typeof(TClient), p.GetRequiredService<MeshChannels>().Invoker(service))!);
}
