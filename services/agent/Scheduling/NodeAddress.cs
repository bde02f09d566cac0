using System.Net;
using System.Net.Sockets;

namespace Mesh.Agent.Scheduling;

/// <summary>The IP address of this node, which the scheduler demands: a router's nginx takes no names.</summary>
internal static class NodeAddress
{
    /// <summary>The address itself, or what the name stands for: IPv4 before IPv6.</summary>
    public static IPAddress Of(string advertised) => IPAddress.TryParse(advertised, out var address)
        ? address
        : Dns.GetHostAddresses(advertised).OrderBy(found => found.AddressFamily != AddressFamily.InterNetwork).First();
}
