namespace Grpc.Core;

/// <summary>
/// A running call with a stream of requests and a stream of responses, independent of each other.
/// Disposing it cancels it when it still runs.
/// </summary>
public sealed class AsyncDuplexStreamingCall<TRequest, TResponse> : IDisposable
{
    private readonly CallHandle _call;

    /// <summary>Makes a call of parts that know their own state.</summary>
    public AsyncDuplexStreamingCall(
        IClientStreamWriter<TRequest> requestStream,
        IAsyncStreamReader<TResponse> responseStream,
        Task<Metadata> responseHeadersAsync,
        Func<Status> getStatusFunc,
        Func<Metadata> getTrailersFunc,
        Action disposeAction) =>
        (RequestStream, ResponseStream, _call) =
        (requestStream, responseStream, CallHandle.Of(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction));

    /// <summary>Makes a call of parts that are given the state each time.</summary>
    public AsyncDuplexStreamingCall(
        IClientStreamWriter<TRequest> requestStream,
        IAsyncStreamReader<TResponse> responseStream,
        Func<object, Task<Metadata>> responseHeadersAsync,
        Func<object, Status> getStatusFunc,
        Func<object, Metadata> getTrailersFunc,
        Action<object> disposeAction,
        object state) =>
        (RequestStream, ResponseStream, _call) =
        (requestStream, responseStream, new CallHandle(state, responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction));

    /// <summary>Where the requests are written.</summary>
    public IClientStreamWriter<TRequest> RequestStream { get; }

    /// <summary>Where the responses are read; reading to the end gives the outcome.</summary>
    public IAsyncStreamReader<TResponse> ResponseStream { get; }

    /// <summary>The headers that the server sent ahead of its first message.</summary>
    public Task<Metadata> ResponseHeadersAsync => _call.HeadersAsync;

    /// <summary>The outcome; only for a call that has ended.</summary>
    public Status GetStatus() => _call.GetStatus();

    /// <summary>The trailers; only for a call that has ended.</summary>
    public Metadata GetTrailers() => _call.GetTrailers();

    /// <inheritdoc />
    public void Dispose() => _call.Dispose();
}
