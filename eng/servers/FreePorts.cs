using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Mesh.Servers;

/// <summary>
/// Ports of 127.0.0.1 that nobody listens on. They lie below the range from which the system takes ports for outgoing connections, and
/// below the one from which agents take those of allocations, so that a server which is restarted later finds its port still free. Whoever was given one keeps it until its process ends, also while
/// nobody listens there: other processes of the same user are given others.
/// </summary>
public static class FreePorts
{
    private const int First = 10_000;
    private const int End = 20_000;
    private static readonly HashSet<int> Taken = [];
    private static readonly FileStream Claims = OpenClaims();

    /// <summary>A port that neither this process nor another that runs has been given before.</summary>
    public static int Next()
    {
        lock (Taken)
        {
            while (true)
            {
                var port = RandomNumberGenerator.GetInt32(First, End);
                if (Taken.Add(port) && Claim(port) && IsFree(port))
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

    // One byte of the file stands for each port. Its lock ends with the process that holds it, however that ends.
    private static bool Claim(int port)
    {
        if (!OperatingSystem.IsLinux())
            return true;
        try
        {
            Claims.Lock(port, 1);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static FileStream OpenClaims() => new(
        Path.Combine(Path.GetTempPath(), $"mesh-ports-{Environment.UserName}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
}
