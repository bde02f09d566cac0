using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Mesh.Servers;

/// <summary>
/// Ports of 127.0.0.1 that nobody listens on. They lie below the range from which the system takes ports for outgoing connections, so
/// that a server which is restarted later finds its port still free.
/// </summary>
public static class FreePorts
{
    private const int First = 20_000;
    private const int End = 32_000;
    private static readonly HashSet<int> Taken = [];

    /// <summary>A port that this process has not been given before.</summary>
    public static int Next()
    {
        lock (Taken)
        {
            while (true)
            {
                var port = RandomNumberGenerator.GetInt32(First, End);
                if (Taken.Add(port) && IsFree(port))
                    return port;
            }
        }
    }

    /// <summary>Whether nobody listens on the port.</summary>
    public static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
