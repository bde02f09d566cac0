using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Mesh.Common.Hosting;

/// <summary>Gives handlers of long streams a token that also fires at the end of the drain, and says then why the stream has ended.</summary>
internal sealed class LongStreamInterceptor(LongStreams streams) : Interceptor
{
    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        RunAsync(context, inner => continuation(request, responseStream, inner));

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        RunAsync(context, inner => continuation(requestStream, responseStream, inner));

    private async Task RunAsync(ServerCallContext context, Func<ServerCallContext, Task> handler)
    {
        if (!LongStreams.Includes(context.Method))
        {
            await handler(context);
            return;
        }
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, streams.Ending);
        try
        {
            await handler(new StreamContext(context, either.Token));
        }
        catch (Exception) when (streams.Ending.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            throw LongStreams.Stopping();
        }
    }
}
