using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Mesh.Common.Consul;

namespace Mesh.Router.Routing;

/// <summary>Where instances of a service answer, as nginx takes it: it refuses its whole file for one name that it cannot look up.</summary>
internal static class ServiceAddresses
{
    /// <summary>IP addresses with ports. An instance whose name is not known is left out.</summary>
    public static async Task<ImmutableArray<string>> OfAsync(IEnumerable<ServiceInstance> instances, CancellationToken cancellationToken)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var instance in instances)
        {
            if (await LookUpAsync(instance.Address, cancellationToken) is { } address) found.Add(new IPEndPoint(address, instance.Port).ToString());
        }
        return [.. found];
    }

    private static async Task<IPAddress?> LookUpAsync(string host, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out var address)) return address;
        try
        {
            var all = await Dns.GetHostAddressesAsync(host, cancellationToken);
            return all.OrderBy(a => a.AddressFamily != AddressFamily.InterNetwork).FirstOrDefault();
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            return null;
        }
    }
}
