using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;

namespace Mesh.Common.Tests.Hosting;

/// <summary>A call whose message is announced, sent in part, and not ended until a test says so.</summary>
internal sealed class UnfinishedMessage : HttpContent
{
    private const int Head = 5, Sent = 1000;

    private readonly HttpClient _http = new();
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _rest = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _whole = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _announced;
    private readonly bool _afterAnother;

    public UnfinishedMessage(Uri server, string method, int announced, string token = "mesh_developer", bool afterAnother = false)
    {
        (_announced, _afterAnother) = (announced, afterAnother);
        Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, method))
        {
            Content = this, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Add("te", "trailers");
        request.Headers.Authorization = new("Bearer", token);
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
            var begun = new byte[before + Head + Sent];
            BinaryPrimitives.WriteInt32BigEndian(begun.AsSpan(before + 1), _announced);
            await stream.WriteAsync(begun, either.Token);
            await stream.FlushAsync(either.Token);
            await _rest.Task.WaitAsync(either.Token);
            await stream.WriteAsync(new byte[_announced - Sent], either.Token);
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
