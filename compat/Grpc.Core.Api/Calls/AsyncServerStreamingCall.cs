namespace Grpc.Core;

/// <summary>
/// A running call with one request and a stream of responses.
/// Disposing it cancels it when it still runs.
/// </summary>
public sealed class AsyncServerStreamingCall<TResponse> : IDisposable
{
    private readonly CallHandle _call;

    /// <summary>Makes a call of parts that know their own state.</summary>
    public AsyncServerStreamingCall(
        IAsyncStreamReader<TResponse> responseStream,
        Task<Metadata> responseHeadersAsync,
        Func<Status> getStatusFunc,
        Func<Metadata> getTrailersFunc,
        Action disposeAction) =>
        (ResponseStream, _call) =
        (responseStream, CallHandle.Of(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction));

    /// <summary>Makes a call of parts that are given the state each time.</summary>
    public AsyncServerStreamingCall(
        IAsyncStreamReader<TResponse> responseStream,
        Func<object, Task<Metadata>> responseHeadersAsync,
        Func<object, Status> getStatusFunc,
        Func<object, Metadata> getTrailersFunc,
        Action<object> disposeAction,
        object state) =>
        (ResponseStream, _call) =
        (responseStream, new CallHandle(state, responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction));

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
