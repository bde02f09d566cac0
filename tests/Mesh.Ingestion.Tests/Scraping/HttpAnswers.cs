using System.Net;
using System.Text;
using Mesh.Servers;

namespace Mesh.Ingestion.Tests.Scraping;

/// <summary>Answers HTTP requests, one after another. Whoever does not wait for the answer does not end it.</summary>
internal sealed class HttpAnswers : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Func<HttpListenerRequest, (int Status, string Body)> _answer;

    public HttpAnswers(Func<HttpListenerRequest, (int Status, string Body)> answer)
    {
        _answer = answer;
        Address = new Uri($"http://127.0.0.1:{FreePorts.Next()}/");
        _listener.Prefixes.Add(Address.ToString());
        _listener.Start();
        _ = Task.Run(ServeAsync);
    }

    public Uri Address { get; }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                await AnswerAsync(await _listener.GetContextAsync());
            }
            catch (Exception)
            {
                // The asker has gone, or the test is over.
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var (status, body) = _answer(context.Request);
        context.Response.StatusCode = status;
        context.Response.ContentType = status == 200 && body.StartsWith('[') ? "application/json" : "text/plain; charset=UTF-8";
        await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
        context.Response.Close();
    }
}
