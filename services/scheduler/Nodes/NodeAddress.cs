using System.Net;

namespace Mesh.Scheduler.Nodes;

/// <summary>
/// What agents may give as addresses: IP addresses, written as everybody writes them. They reach the routers' nginx, which looks names up
/// when it loads its file and refuses the whole file for one that it does not find.
/// </summary>
public static class NodeAddress
{
    /// <summary>Whether others may reach a node at it.</summary>
    public static bool IsHost(string text) => IPAddress.TryParse(text, out var address) && IsHost(address) && address.ToString() == text;

    /// <summary>Whether others may reach an allocation at it: an IP address and a port.</summary>
    public static bool IsEndpoint(string text) =>
        IPEndPoint.TryParse(text, out var endpoint) && IsHost(endpoint.Address) && endpoint.Port > 0 && endpoint.ToString() == text;

    private static bool IsHost(IPAddress address) => !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any)
        && !address.Equals(IPAddress.Broadcast) && !address.IsIPv6Multicast && address is not { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6, ScopeId: > 0 };
}
