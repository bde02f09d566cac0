using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Mesh.Ingestion.Tests.Servers;

namespace Mesh.Ingestion.Tests.Refusals;

/// <summary>A call of gRPC whose message is announced, sent in part, and not ended until a test says so.</summary>
internal sealed class UnfinishedCall : HttpContent
{
    private readonly HttpClient _http = new();
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _rest = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _announced;
    private readonly int _sent;

    public UnfinishedCall(IngestionProcess ingestion, string method, int announced, int sent, string authorization, string type = "application/grpc")
    {
        (_announced, _sent) = (announced, sent);
        Headers.ContentType = new MediaTypeHeaderValue(type);
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(ingestion.Address, method))
        {
            Content = this, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Add("te", "trailers");
        request.Headers.TryAddWithoutValidation("authorization", authorization);
        Answer = _http.SendAsync(request, _end.Token);
    }

    /// <summary>What is answered although the message has not ended.</summary>
    public Task<HttpResponseMessage> Answer { get; }

    /// <summary>Sends the rest.</summary>
    public void Finish() => _rest.TrySetResult();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        var head = new byte[5];
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(1), _announced);
        await stream.WriteAsync(head);
        await stream.WriteAsync(new byte[_sent]);
        await stream.FlushAsync();
        await _rest.Task.WaitAsync(_end.Token);
        await stream.WriteAsync(new byte[_announced - _sent]);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _end.Cancel();
            _http.Dispose();
        }

        base.Dispose(disposing);
    }
}
