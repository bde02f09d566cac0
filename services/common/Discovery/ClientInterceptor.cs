using Grpc.Core;
using Grpc.Core.Interceptors;
using Mesh.Common.Hosting;

namespace Mesh.Common.Discovery;

/// <summary>
/// Sends our token, the request's id and its deadline with every call. The trace context goes along by itself: the HTTP handler
/// writes `traceparent` from the current activity.
/// </summary>
internal sealed class ClientInterceptor(string token, TimeProvider time) : Interceptor
{
    private static readonly TimeSpan s_unaryLimit = TimeSpan.FromSeconds(15);
    private readonly string _authorization = "Bearer " + token;

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, With(context, s_unaryLimit));

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, BlockingUnaryCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, With(context, s_unaryLimit));

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
        AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation) => continuation(request, With(context, null));

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(With(context, null));

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(With(context, null));

    private ClientInterceptorContext<TRequest, TResponse> With<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, TimeSpan? limit)
        where TRequest : class where TResponse : class
    {
        var scope = RequestScope.Current;
        var headers = new Metadata();
        foreach (var entry in context.Options.Headers ?? Metadata.Empty) headers.Add(entry);
        if (headers.Get("authorization") is null) headers.Add("authorization", _authorization);
        if (scope is not null && headers.Get(RequestIdMiddleware.Header) is null) headers.Add(RequestIdMiddleware.Header, scope.RequestId);
        var options = context.Options.WithHeaders(headers);
        if (options.Deadline is null && (scope?.Deadline ?? time.GetUtcNow().UtcDateTime + limit) is { } deadline)
            options = options.WithDeadline(deadline);
        return new(context.Method, context.Host, options);
    }
}
