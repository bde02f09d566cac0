using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Mesh.Common.Errors;
using Mesh.Common.Hosting;

namespace Mesh.Common.Metrics;

/// <summary>Counts and times every gRPC call, names its span, and passes its deadline to the calls made on its behalf.</summary>
internal sealed class CallInterceptor : Interceptor
{
    private readonly Counter<long> _handled;
    private readonly Histogram<double> _seconds;

    public CallInterceptor(IMeterFactory meters)
    {
        var meter = meters.Create(MeshMeters.Name);
        _handled = meter.CreateCounter<long>("grpc_server_handled", description: "gRPC calls that have ended.");
        _seconds = meter.CreateHistogram<double>("grpc_server_handling_seconds", "s", "How long gRPC calls took.");
    }

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        var call = Begin(context);
        try
        {
            var response = await continuation(request, context);
            End(call, context.Status.StatusCode);
            return response;
        }
        catch (RpcException e)
        {
            End(call, e.StatusCode);
            throw;
        }
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        var call = Begin(context);
        try
        {
            var response = await continuation(requestStream, context);
            End(call, context.Status.StatusCode);
            return response;
        }
        catch (RpcException e)
        {
            End(call, e.StatusCode);
            throw;
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        var call = Begin(context);
        try
        {
            await continuation(request, responseStream, context);
            End(call, context.Status.StatusCode);
        }
        catch (RpcException e)
        {
            End(call, e.StatusCode);
            throw;
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        var call = Begin(context);
        try
        {
            await continuation(requestStream, responseStream, context);
            End(call, context.Status.StatusCode);
        }
        catch (RpcException e)
        {
            End(call, e.StatusCode);
            throw;
        }
    }

    private static Call Begin(ServerCallContext context)
    {
        if (RequestScope.Current is { } scope && context.Deadline != DateTime.MaxValue) scope.Deadline = context.Deadline;
        var path = context.Method;
        var slash = path.LastIndexOf('/');
        return new(path[1..slash], path[(slash + 1)..], Stopwatch.GetTimestamp());
    }

    private void End(Call call, StatusCode status)
    {
        var service = new KeyValuePair<string, object?>("grpc_service", call.Service);
        var method = new KeyValuePair<string, object?>("grpc_method", call.Method);
        var code = RpcErrors.Name(status);
        _seconds.Record(Stopwatch.GetElapsedTime(call.Start).TotalSeconds, service, method);
        _handled.Add(1, service, method, new("grpc_code", code));
        if (Activity.Current is not { IsAllDataRequested: true } span) return;
        span.DisplayName = $"{call.Service}/{call.Method}";
        span.SetTag("rpc.system", "grpc").SetTag("rpc.service", call.Service).SetTag("rpc.method", call.Method);
        span.SetTag("rpc.grpc.status_code", (int)status).SetTag("request_id", RequestScope.Current?.RequestId);
        if (status is StatusCode.Internal or StatusCode.Unknown or StatusCode.DataLoss or StatusCode.Unavailable)
            span.SetStatus(ActivityStatusCode.Error, code);
    }

    private readonly record struct Call(string Service, string Method, long Start);
}
