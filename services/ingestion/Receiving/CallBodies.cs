using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Microsoft.AspNetCore.Http.Features;

namespace Mesh.Ingestion.Receiving;

/// <summary>
/// Counts what calls have sent and nobody has taken yet against the one <see cref="BodyBudget"/>, while it comes in. The
/// gRPC server would hold a whole message of each call before anybody is asked, or knows who sends it.
/// </summary>
internal sealed class CallBodies(RequestDelegate next, BodyBudget budget, TokenAuthenticator authenticator)
{
    public async Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not { } method)
        {
            await next(http);
            return;
        }

        var (caller, refusal) = await CallerAsync(http);
        using var lease = budget.Take(0, caller);
        http.Features.Set(lease);
        var streams = method.Method.Type is MethodType.ClientStreaming or MethodType.DuplexStreaming;
        var body = new CallBody(http.Request.BodyReader, lease, streams, budget.Patience, refusal);
        http.Features.Set<IRequestBodyPipeFeature>(body);
        // What a caller still sends of a refused message is read by the host, when the lease has been given back.
        await next(http);
    }

    /// <summary>Takes room for what a call's message has become: packed ones are larger now.</summary>
    public static void Cover(ServerCallContext context, long bytes) => context.GetHttpContext().Features.Get<BodyBudget.Lease>()?.Cover(bytes);

    // Who may call is checked for each method, once its message has been read; here it is only said for whom much is read.
    private async Task<(string Caller, MeshException? Refusal)> CallerAsync(HttpContext http)
    {
        try
        {
            var principal = await authenticator.AuthenticateAsync(http.Request.Headers.Authorization, http.RequestAborted);
            return (principal.Subject, principal.IsAnonymous ? MeshException.Unauthenticated("TOKEN_REQUIRED", "A message of this size needs a token.") : null);
        }
        catch (Exception exception)
        {
            return ("", ErrorTable.Translate(exception, http.TraceIdentifier));
        }
    }

    private sealed class CallBody(
        PipeReader body, BodyBudget.Lease lease, bool streams, TimeSpan patience, MeshException? refusal) : PipeReader, IRequestBodyPipeFeature
    {
        /// <summary>What is read of a caller whom nobody knows: the open methods need no more.</summary>
        private const int MaxUnknownBytes = 64 << 10;

        private ReadOnlySequence<byte> _read;
        private bool _within;
        private long? _since;

        public PipeReader Reader => this;

        // Between two messages a stream may rest as long as it likes, and within one it may not.
        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            if (!_within)
                return Count(await body.ReadAsync(cancellationToken));
            _since ??= Stopwatch.GetTimestamp();
            var rest = patience - Stopwatch.GetElapsedTime(_since.Value);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(rest > TimeSpan.Zero ? rest : TimeSpan.Zero);
            try
            {
                return Count(await body.ReadAsync(limit.Token));
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && limit.IsCancellationRequested)
            {
                throw BodyBudget.TooSlow().ToRpcException();
            }
        }

        public override bool TryRead(out ReadResult result)
        {
            if (!body.TryRead(out result))
                return false;
            Count(result);
            return true;
        }

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            var left = _read.Slice(consumed).Length;
            if (left < _read.Length)
                _since = null;
            _within = left > 0;
            // The one message of a call without a stream is held until the answer.
            if (streams)
                lease.Shrink(left);
            _read = default;
            body.AdvanceTo(consumed, examined);
        }

        public override void CancelPendingRead() => body.CancelPendingRead();

        public override void Complete(Exception? exception = null) => body.Complete(exception);

        // This runs outside of all interceptors: what is thrown here is what the caller gets.
        private ReadResult Count(in ReadResult result)
        {
            _read = result.Buffer;
            try
            {
                if (refusal is not null && _read.Length > MaxUnknownBytes)
                    throw refusal;
                lease.Cover(_read.Length);
                return result;
            }
            catch (MeshException exception)
            {
                AdvanceTo(_read.End);
                throw exception.ToRpcException();
            }
        }
    }
}
