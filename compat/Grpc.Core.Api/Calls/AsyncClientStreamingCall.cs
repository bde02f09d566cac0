using System.Runtime.CompilerServices;

namespace Grpc.Core;

/// <summary>
/// A running call with a stream of requests and one response. Awaiting it gives the response.
/// Disposing it cancels it when it still runs.
/// </summary>
public sealed class AsyncClientStreamingCall<TRequest, TResponse> : IDisposable
{
    private readonly CallHandle _call;

    /// <summary>Makes a call of parts that know their own state.</summary>
    public AsyncClientStreamingCall(
        IClientStreamWriter<TRequest> requestStream,
        Task<TResponse> responseAsync,
        Task<Metadata> responseHeadersAsync,
        Func<Status> getStatusFunc,
        Func<Metadata> getTrailersFunc,
        Action disposeAction) =>
        (RequestStream, ResponseAsync, _call) =
        (requestStream, responseAsync, CallHandle.Of(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction));

    /// <summary>Makes a call of parts that are given the state each time.</summary>
    public AsyncClientStreamingCall(
        IClientStreamWriter<TRequest> requestStream,
        Task<TResponse> responseAsync,
        Func<object, Task<Metadata>> responseHeadersAsync,
        Func<object, Status> getStatusFunc,
        Func<object, Metadata> getTrailersFunc,
        Action<object> disposeAction,
        object state) =>
        (RequestStream, ResponseAsync, _call) =
        (requestStream, responseAsync, new CallHandle(state, responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction));

    /// <summary>Where the requests are written.</summary>
    public IClientStreamWriter<TRequest> RequestStream { get; }

    /// <summary>The response, or the failure of the call.</summary>
    public Task<TResponse> ResponseAsync { get; }

    /// <summary>The headers that the server sent ahead of its first message.</summary>
    public Task<Metadata> ResponseHeadersAsync => _call.HeadersAsync;

    /// <summary>Lets the call itself be awaited.</summary>
    public TaskAwaiter<TResponse> GetAwaiter() => ResponseAsync.GetAwaiter();

    /// <summary>Says whether the await continues where it began.</summary>
    public ConfiguredTaskAwaitable<TResponse> ConfigureAwait(bool continueOnCapturedContext) =>
        ResponseAsync.ConfigureAwait(continueOnCapturedContext);

    /// <summary>The outcome; only for a call that has ended.</summary>
    public Status GetStatus() => _call.GetStatus();

    /// <summary>The trailers; only for a call that has ended.</summary>
    public Metadata GetTrailers() => _call.GetTrailers();

    /// <inheritdoc />
    public void Dispose() => _call.Dispose();
}
