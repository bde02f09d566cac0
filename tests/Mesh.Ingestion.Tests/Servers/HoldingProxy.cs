using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mesh.Ingestion.Tests.Servers;

/// <summary>Passes connections on to a server, until it is told to hold back what clients send.</summary>
internal sealed class HoldingProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Uri _server;
    private volatile byte[]? _holds;
    private int _held;

    public HoldingProxy(Uri server)
    {
        _server = server;
        _listener.Start();
        _ = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>How many connections are held back.</summary>
    public int Held => Volatile.Read(ref _held);

    /// <summary>Holds back from now on what contains a text.</summary>
    public void Hold(string text = "") => _holds = Encoding.UTF8.GetBytes(text);

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                await server.ConnectAsync(_server.Host, _server.Port, _end.Token);
                await Task.WhenAny(PumpAsync(client, server, requests: true), PumpAsync(server, client, requests: false));
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // The server is away, or the test is over.
            }
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, bool requests)
    {
        var buffer = new byte[1 << 16];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _end.Token) is > 0 and var read)
            {
                if (requests && _holds is { } held && buffer.AsSpan(0, read).IndexOf(held) >= 0)
                {
                    Interlocked.Increment(ref _held);
                    await Task.Delay(Timeout.Infinite, _end.Token);
                }

                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), _end.Token);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or InvalidOperationException)
        {
            // One side has gone.
        }
    }
}
