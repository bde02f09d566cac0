using System.Net;
using System.Text.Json;

namespace Mesh.Common.Consul;

public sealed partial class ConsulClient
{
    /// <summary>
    /// Registers an instance with a gRPC health check every second. Registering it again replaces it, and an instance that fails for
    /// a minute is forgotten.
    /// </summary>
    public Task RegisterAsync(ServiceRegistration registration, CancellationToken cancellationToken) =>
        PutJsonAsync("v1/agent/service/register?replace-existing-checks=true", new
        {
            registration.Id,
            registration.Name,
            registration.Address,
            registration.Port,
            registration.Meta,
            Check = new
            {
                Name = "gRPC health",
                // By its name: another program that was given the address later does not answer for this one.
                GRPC = $"{registration.Address}:{registration.Port}/{registration.Name}",
                GRPCUseTLS = false,
                Interval = "1s",
                Timeout = "2s",
                DeregisterCriticalServiceAfter = "1m",
            },
        }, cancellationToken);

    public Task DeregisterAsync(string id, CancellationToken cancellationToken) =>
        PutJsonAsync($"v1/agent/service/deregister/{Uri.EscapeDataString(id)}", null, cancellationToken);

    /// <summary>Whether the agent still knows an instance: one that lost its state does not.</summary>
    public async Task<bool> KnowsAsync(string id, CancellationToken cancellationToken)
    {
        var (status, _) = await SendAsync(HttpMethod.Get, $"v1/agent/service/{Uri.EscapeDataString(id)}", () => null, cancellationToken);
        return status is HttpStatusCode.OK;
    }

    /// <summary>The healthy instances of a service; with an index, once they differ from what that index saw or the wait is over.</summary>
    public async Task<Indexed<IReadOnlyList<ServiceInstance>>> HealthyAsync(
        string service, ulong index, TimeSpan wait, CancellationToken cancellationToken)
    {
        var (_, body, next) = await WatchAsync($"v1/health/service/{Uri.EscapeDataString(service)}?passing=true", index, wait, cancellationToken);
        var instances = body.ValueKind is JsonValueKind.Array ? body.EnumerateArray().Select(Instance).ToArray() : [];
        return new(instances, next);
    }

    /// <summary>The healthy instances of a service now.</summary>
    public async Task<IReadOnlyList<ServiceInstance>> HealthyAsync(string service, CancellationToken cancellationToken) =>
        (await HealthyAsync(service, 0, TimeSpan.FromSeconds(1), cancellationToken)).Value;

    private static ServiceInstance Instance(JsonElement entry)
    {
        var service = entry.GetProperty("Service");
        var address = service.GetProperty("Address").GetString();
        if (string.IsNullOrEmpty(address)) address = entry.GetProperty("Node").GetProperty("Address").GetString();
        return new(service.GetProperty("ID").GetString()!, address!, service.GetProperty("Port").GetInt32());
    }
}
