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
            // Who runs this is one of them: a Consul that does not know so much has only just begun.
            return found[Array.IndexOf(Services, "ingestion")].Any() ? found.SelectMany(groups => groups) : throw Unknown();
        }
        catch (HttpRequestException)
        {
            throw Unknown();
        }
    }

    private static MeshException Unknown() =>
        MeshException.Unavailable("CONSUL_AWAY", "The running programs cannot be listed now.", TimeSpan.FromSeconds(5));
}
