using Mesh.Common.Consul;
using Mesh.Common.Errors;

namespace Mesh.Ingestion.ServiceDiscovery;

/// <summary>Mesh's own programs that run now, as Consul knows them. Each shows its metrics at `/metrics`.</summary>
internal sealed class RunningServices(ConsulClient consul)
{
    private static readonly string[] Services = ["agent", "builder", "controller", "ingestion", "registry", "router", "scheduler"];

    /// <summary>All of them, or UNAVAILABLE: a Prometheus that is told of none would forget them.</summary>
    public async Task<IEnumerable<TargetGroup>> ListAsync(CancellationToken cancellationToken)
    {
        try
        {
            var found = await Task.WhenAll(Services.Select(async service =>
                (await consul.HealthyAsync(service, cancellationToken)).Select(instance => TargetGroup.Of(service, instance))));
            return found.SelectMany(groups => groups);
        }
        catch (HttpRequestException)
        {
            throw MeshException.Unavailable("CONSUL_AWAY", "The running programs cannot be listed now.", TimeSpan.FromSeconds(5));
        }
    }
}
