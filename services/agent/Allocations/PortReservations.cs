using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Mesh.Agent.Allocations;

/// <summary>
/// The ports of this node's allocations. They lie below the range from which the kernel takes ports for outgoing
/// connections, so that none is taken between the choice and the process's own bind.
/// </summary>
public sealed class PortReservations(int first = 20000, int count = 10000)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> reserved = [];

    /// <summary>Answers a port that nobody listens on: the one before where it is still free.</summary>
    public int Reserve(string allocation, int previous)
    {
        lock (gate)
        {
            reserved.Remove(allocation);
            var start = RandomNumberGenerator.GetInt32(count);
            var port = Enumerable.Range(0, count).Select(i => first + ((start + i) % count)).Prepend(previous)
                .FirstOrDefault(candidate => candidate > 0 && !reserved.ContainsValue(candidate) && IsFree(candidate));
            if (port == 0) throw new IOException($"No port is free from {first} to {first + count - 1}.");
            reserved[allocation] = port;
            return port;
        }
    }

    /// <summary>Records the port of an allocation that runs already.</summary>
    public void Adopt(string allocation, int port)
    {
        lock (gate) reserved[allocation] = port;
    }

    public void Release(string allocation)
    {
        lock (gate) reserved.Remove(allocation);
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
