using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mesh.Ingestion.Tests.Scraping;

/// <summary>Targets that answer byte by byte as a test says, by path, and that see who asks at the same time.</summary>
internal sealed class RawTarget : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<string, Func<NetworkStream, Task>> _answers = new();
    private readonly ConcurrentDictionary<string, int> _asked = new();
    private readonly Dictionary<Socket, string> _open = [];

    public RawTarget()
    {
        _listener.Start();
        _ = AcceptAsync();
    }

    public string Address => $"http://{_listener.LocalEndpoint}/";

    /// <summary>Set where a path was asked while an earlier asker of it was still there.</summary>
    public string? AskedTwiceAtOnce { get; private set; }

    public void On(string path, Func<NetworkStream, Task> answer) => _answers[path] = answer;

    public void On(string path, byte[] answer) => On(path, stream => stream.WriteAsync(answer).AsTask());

    /// <summary>How often a path was asked.</summary>
    public int Asked(string path) => _asked.GetValueOrDefault(path);

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = AnswerAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using var _ = client;
        try
        {
            var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
            var path = (await reader.ReadLineAsync() ?? "").Split(' ').ElementAtOrDefault(1)?.Split('?')[0].Trim('/') ?? "";
            while (await reader.ReadLineAsync() is { Length: > 0 })
            {
            }

            Note(path, client.Client);
            await _answers[path](stream);
        }
        catch (IOException)
        {
        }
        finally
        {
            lock (_open)
                _open.Remove(client.Client);
        }
    }

    private void Note(string path, Socket socket)
    {
        _asked.AddOrUpdate(path, 1, (_, count) => count + 1);
        lock (_open)
        {
            // A connection whose other end is gone is readable and has nothing.
            if (_open.Any(other => other.Value == path && !(other.Key.Poll(0, SelectMode.SelectRead) && other.Key.Available == 0)))
                AskedTwiceAtOnce = path;
            _open[socket] = path;
        }
    }
}
