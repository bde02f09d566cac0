using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Mesh.Common.Hosting;

/// <summary>
/// Ends a call whose caller still sends: what is on its way is read and thrown away. Without that the caller is reset while he sends, and
/// may see the reset and not the status, nor when he is to call again.
/// </summary>
/// <remarks>
/// The call is over by then: its handler has returned, and it holds no room, no lease and no buffer. A caller who stalls has a stream
/// of his own connection, and one of <see cref="RestLimits.Calls"/> places, for <see cref="RestLimits.Silence"/>.
/// </remarks>
internal sealed class EarlyAnswers(RequestDelegate next, RestLimits limits)
{
    private int _calls;

    public async Task InvokeAsync(HttpContext http)
    {
        if (!HttpProtocol.IsHttp2(http.Request.Protocol) || http.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not { } grpc)
        {
            await next(http);
            return;
        }

        var request = new RequestMessages(http.Request.BodyReader, MeshDefaults.MaxMessageBytes);
        http.Features.Set<IRequestBodyPipeFeature>(request);
        await next(http);
        var streams = grpc.Method.Type is MethodType.ClientStreaming or MethodType.DuplexStreaming;
        if (request.HasRest && (request.IsWithin || !streams) && !http.RequestAborted.IsCancellationRequested)
            await EndAsync(http, request, streams);
    }

    private async Task EndAsync(HttpContext http, RequestMessages request, bool streams)
    {
        try
        {
            if (Interlocked.Increment(ref _calls) > limits.Calls) return;
            // A client ends a stream itself when it sees the status. One that is sending then (Grpc.Net.Client) goes on after its own reset
            // if it is given room, and the whole connection breaks: its message is read to the end first, and the status is the last.
            var answering = streams ? Task.CompletedTask : http.Response.CompleteAsync();
            await request.SkipAsync(message: streams, limits, http.RequestAborted);
            await answering;
        }
        finally
        {
            Interlocked.Decrement(ref _calls);
        }
    }
}
