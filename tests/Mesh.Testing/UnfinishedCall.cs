using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;

namespace Mesh.Testing;

/// <summary>A call of gRPC whose message is announced, sent in part, and not ended until a test says so.</summary>
public sealed class UnfinishedCall : HttpContent
{
    private const int Head = 5;

    private readonly HttpClient _http = new();
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _rest = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _whole = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _announced;
    private readonly int _sent;
    private readonly bool _afterAnother;

    /// <param name="server">Where the server is.</param>
    /// <param name="method">The path of the method.</param>
    /// <param name="announced">The length that the message says it has.</param>
    /// <param name="authorization">The header; empty for none.</param>
    /// <param name="sent">How much of the message is sent at once.</param>
    /// <param name="type">The type of the content; another than that of gRPC makes it a request of HTTP.</param>
    /// <param name="afterAnother">Whether an empty message goes before it.</param>
    public UnfinishedCall(
        Uri server, string method, int announced, string authorization, int sent = 1000, string type = "application/grpc", bool afterAnother = false)
    {
        (_announced, _sent, _afterAnother) = (announced, sent, afterAnother);
        Headers.ContentType = new MediaTypeHeaderValue(type);
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, method))
        {
            Content = this, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Add("te", "trailers");
        request.Headers.TryAddWithoutValidation("authorization", authorization);
        Answer = _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _end.Token);
    }

    /// <summary>What is answered although the message has not ended: the content comes later.</summary>
    public Task<HttpResponseMessage> Answer { get; }

    /// <summary>Whether the whole message could be sent.</summary>
    public Task<bool> Whole => _whole.Task;

    /// <summary>Sends the rest.</summary>
    public void Finish() => _rest.TrySetResult();

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    // The token fires when the server resets the stream.
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_end.Token, cancellationToken);
        try
        {
            // Who has the empty message has the beginning of the other one too.
            var before = _afterAnother ? Head : 0;
            var begun = new byte[before + Head + _sent];
            BinaryPrimitives.WriteInt32BigEndian(begun.AsSpan(before + 1), _announced);
            await stream.WriteAsync(begun, either.Token);
            await stream.FlushAsync(either.Token);
            await _rest.Task.WaitAsync(either.Token);
            await stream.WriteAsync(new byte[_announced - _sent], either.Token);
            _whole.TrySetResult(true);
        }
        finally
        {
            _whole.TrySetResult(false);
        }
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
