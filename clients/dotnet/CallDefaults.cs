using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Mesh.Client;

/// <summary>Gives each call its token, and a deadline to those that end by themselves.</summary>
internal sealed class CallDefaults(MeshClientOptions options) : Interceptor
{
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, With(context, options.Timeout));

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, BlockingUnaryCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, With(context, options.Timeout));

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, With(context, null));

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(With(context, null));

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(With(context, null));

    private ClientInterceptorContext<TRequest, TResponse> With<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, TimeSpan? timeout)
        where TRequest : class
        where TResponse : class
    {
        var call = context.Options;
        if (options.Token.Length > 0)
        {
            var headers = new Metadata();
            foreach (var header in call.Headers ?? []) headers.Add(header);
            headers.Add("authorization", "Bearer " + options.Token);
            call = call.WithHeaders(headers);
        }
        if (timeout is { } wait && call.Deadline is null) call = call.WithDeadline((options.Time.GetUtcNow() + wait).UtcDateTime);
        return new(context.Method, context.Host, call);
    }
}
