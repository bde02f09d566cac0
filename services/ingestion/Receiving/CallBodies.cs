using System.Buffers;
using System.Buffers.Binary;
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
        await next(http);

        // The status goes out when this returns.
        lease.Dispose();
        await body.DrainAsync(http.Response.HasStarted, http.RequestAborted);
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

        /// <summary>How much of a call that was refused is still read, and for how long.</summary>
        private const long MaxDrainedBytes = 32 << 20;

        private static readonly TimeSpan s_drainTime = TimeSpan.FromSeconds(5);

        private ReadOnlySequence<byte> _read;
        private bool _within;
        private long? _since;
        private bool _isRead;
        private bool _ended;
        private bool _tooSlow;
        private long _left;

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
                _tooSlow = true;
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
            _isRead = false;
            body.AdvanceTo(consumed, examined);
        }

        /// <summary>
        /// Reads what the caller still sends of a refused message, and throws it away. A stream that ends while its caller sends is reset,
        /// and a caller may see the reset and not the status: he would not learn that and when he is to send it again.
        /// </summary>
        public async Task DrainAsync(bool isAnswered, CancellationToken cancellationToken)
        {
            var left = streams ? _left : isAnswered ? 0 : MaxDrainedBytes;
            if (_ended || _tooSlow || refusal is not null || left <= 0)
                return;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(s_drainTime);
            try
            {
                if (_isRead)
                    body.AdvanceTo(_read.End);
                while (left > 0)
                {
                    var result = await body.ReadAsync(limit.Token);
                    left -= result.Buffer.Length;
                    body.AdvanceTo(result.Buffer.End);
                    if (result.IsCompleted || result.IsCanceled)
                        return;
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException)
            {
                // The caller has gone, or sends too slowly: he gets his status as it is.
            }
        }

        public override void CancelPendingRead() => body.CancelPendingRead();

        public override void Complete(Exception? exception = null) => body.Complete(exception);

        // This runs outside of all interceptors: what is thrown here is what the caller gets.
        private ReadResult Count(in ReadResult result)
        {
            _read = result.Buffer;
            _isRead = true;
            _ended = result.IsCompleted;
            try
            {
                if (refusal is not null && _read.Length > MaxUnknownBytes)
                    throw refusal;
                lease.Cover(_read.Length);
                return result;
            }
            catch (MeshException exception)
            {
                _left = LengthOf(_read) - _read.Length;
                _isRead = false;
                body.AdvanceTo(_read.End);
                throw exception.ToRpcException();
            }
        }

        // The length of a message with its head: whether it is packed, and four bytes.
        private static long LengthOf(in ReadOnlySequence<byte> message)
        {
            const int head = 5;
            Span<byte> bytes = stackalloc byte[head];
            if (message.Length < head)
                return head;
            message.Slice(0, head).CopyTo(bytes);
            return Math.Min(head + (long)BinaryPrimitives.ReadUInt32BigEndian(bytes[1..]), MaxDrainedBytes);
        }
    }
}
