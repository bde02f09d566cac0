using System.Collections.Concurrent;
using System.Net;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Servers;

namespace Mesh.Ingestion.Tests.Alerts;

/// <summary>An HTTP endpoint that keeps what it is told and answers as the test wants; a null status is no answer at all.</summary>
internal sealed class WebhookEndpoint : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Func<int, int?> _status;
    private int _count;

    public WebhookEndpoint(Func<int, int?> status)
    {
        _status = status;
        Url = $"http://127.0.0.1:{FreePorts.Next()}/hook/";
        _listener.Prefixes.Add(Url);
        _listener.Start();
        _ = ListenAsync();
    }

    public string Url { get; }

    public ConcurrentQueue<Call> Calls { get; } = [];

    public void Dispose() => _listener.Close();

    private async Task ListenAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                await AnswerAsync(await _listener.GetContextAsync());
            }
            catch (Exception)
            {
                // The sender was killed, or the test is over.
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        using var body = new MemoryStream();
        await context.Request.InputStream.CopyToAsync(body);
        var headers = context.Request.Headers;
        Calls.Enqueue(new Call(body.ToArray(), headers["Mesh-Delivery"]!, headers["Mesh-Signature"]!, headers["Mesh-Timestamp"]!));
        if (_status(_count++) is not { } status)
            return;
        context.Response.StatusCode = status;
        context.Response.Close();
    }

    public sealed record Call(byte[] Body, string Delivery, string Signature, string Time);
}
