using Grpc.Core;
using Grpc.Core.Interceptors;
using Mesh.Common.Hosting;
using Microsoft.Extensions.Logging;

namespace Mesh.Common.Errors;

/// <summary>Turns whatever a handler throws into a status with details. The one place where gRPC errors are made.</summary>
internal sealed partial class ErrorInterceptor(TimeProvider time, ILogger<ErrorInterceptor> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (Exception e)
        {
            throw Translate(e, context);
        }
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(requestStream, context);
        }
        catch (Exception e)
        {
            throw Translate(e, context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception e)
        {
            throw Translate(e, context);
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(requestStream, responseStream, context);
        }
        catch (Exception e)
        {
            throw Translate(e, context);
        }
    }

    private RpcException Translate(Exception exception, ServerCallContext context)
    {
        var requestId = RequestScope.Current?.RequestId ?? "";
        var deadlinePassed = context.Deadline <= time.GetUtcNow().UtcDateTime;
        var error = ErrorTable.Translate(exception, requestId, context.CancellationToken.IsCancellationRequested, deadlinePassed);
        if (error.Code is StatusCode.Internal or StatusCode.DataLoss or StatusCode.Unknown) LogFault(exception, context.Method);
        else if (error.Code is StatusCode.Unavailable) LogUnavailable(exception, context.Method);
        return error.ToRpcException();
    }

    [LoggerMessage(LogLevel.Error, "{Method} failed")]
    private partial void LogFault(Exception exception, string method);

    [LoggerMessage(LogLevel.Warning, "{Method} is unavailable")]
    private partial void LogUnavailable(Exception exception, string method);
}
