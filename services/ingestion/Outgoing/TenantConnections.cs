using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Mesh.Common.Hosting;
using Npgsql;

namespace Mesh.Ingestion.Outgoing;

/// <summary>
/// Connects to where tenants say. Refused are addresses that reach no further than this machine's link, where clouds keep
/// credentials, and the platform's own databases and Consul: those take this program's word without asking who is behind it.
/// </summary>
public sealed class TenantConnections(MeshOptions options)
{
    private readonly (string Host, int Port)[] _guarded = [.. Guarded(options)];

    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var asked = context.DnsEndPoint;
        var found = await Dns.GetHostAddressesAsync(asked.Host, cancellationToken);
        var guarded = await GuardedAtAsync(asked.Port, cancellationToken);
        var allowed = Array.FindAll(found, address => !IsLinkLocal(Plain(address)) && !guarded.Exists(other => AreSame(Plain(address), other)));
        if (allowed.Length == 0)
            throw new IOException("The host has no address that may be asked.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, asked.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static IEnumerable<(string, int)> Guarded(MeshOptions options)
    {
        yield return (options.Consul.Host, options.Consul.Port);
        if (options.ClickHouse is { } clickHouse)
            yield return (clickHouse.Host, clickHouse.Port);
        if (options.Postgres is { } postgres)
        {
            var builder = new NpgsqlConnectionStringBuilder(postgres);
            yield return (builder.Host ?? "", builder.Port);
        }
    }

    private async Task<List<IPAddress>> GuardedAtAsync(int port, CancellationToken cancellationToken)
    {
        var addresses = new List<IPAddress>();
        foreach (var (host, _) in _guarded.Where(endpoint => endpoint.Port == port && endpoint.Host.Length > 0 && endpoint.Host[0] != '/'))
            addresses.AddRange((await Dns.GetHostAddressesAsync(host, cancellationToken)).Select(Plain));
        return addresses;
    }

    // A machine has many addresses, and who listens on one of them may listen on all.
    private static bool AreSame(IPAddress asked, IPAddress guarded) => asked.Equals(guarded) || (IsOwn(asked) && IsOwn(guarded));

    private static bool IsOwn(IPAddress address) =>
        IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)
        || NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Any(own => own.Address.Equals(address));

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static bool IsLinkLocal(IPAddress address) =>
        address.IsIPv6LinkLocal || (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes() is [169, 254, ..]);
}
