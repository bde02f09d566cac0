using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Mesh.Common.Errors;
using Microsoft.AspNetCore.Http.Features;

namespace Mesh.Common.Hosting;

/// <summary>
/// What a call's caller sends. Refuses a message that is announced as too large: the gRPC server would do it too, but for a call
/// without a stream outside of all interceptors, so that it would say no reason. Knows where a message ends.
/// </summary>
internal sealed class RequestMessages(PipeReader body, int maxMessageBytes) : PipeReader, IRequestBodyPipeFeature
{
    // The head of a message: whether it is packed, and its length in four bytes.
    private const int Head = 5;

    private ReadOnlySequence<byte> _read;
    private long _left;
    private bool _holdsPart;
    private bool _isReading;
    private bool _isOver;

    public PipeReader Reader => this;

    /// <summary>Whether the caller has not ended what he sends, and nobody else is reading it.</summary>
    public bool HasRest => !_isOver && !_isReading;

    /// <summary>Whether he is in the midst of a message.</summary>
    public bool IsWithin => _left > 0 || _holdsPart;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        _isReading = true;
        var read = body.ReadAsync(cancellationToken);
        return read.IsCompletedSuccessfully ? new(Check(read.Result)) : WaitAsync(read);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!body.TryRead(out result)) return false;
        _isReading = true;
        Check(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        Pass(_read.Slice(0, consumed));
        _holdsPart = !_read.Slice(consumed).IsEmpty;
        _read = default;
        _isReading = false;
        body.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => body.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        _isOver = true;
        body.Complete(exception);
    }

    /// <summary>Reads the rest, or the rest of the message, and throws it away, within the limits.</summary>
    public async Task SkipAsync(bool message, RestLimits limits, CancellationToken cancellationToken)
    {
        using var total = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        total.CancelAfter(limits.Time);
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(total.Token);
        try
        {
            for (var left = limits.Bytes; left > 0 && HasRest && (IsWithin || !message);)
            {
                silence.CancelAfter(limits.Silence);
                var result = await body.ReadAsync(silence.Token);
                _isOver = result.IsCompleted || result.IsCanceled;
                var passed = Pass(result.Buffer);
                _holdsPart = passed < result.Buffer.Length;
                left -= passed;
                body.AdvanceTo(result.Buffer.GetPosition(passed), result.Buffer.End);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The caller has gone, or rests.
        }
    }

    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read)
    {
        try
        {
            return Check(await read);
        }
        catch (OperationCanceledException)
        {
            _isReading = false;
            throw;
        }
    }

    // The gRPC server takes whole messages out: what it reads next begins with the head of one.
    private ReadResult Check(in ReadResult result)
    {
        _isOver = result.IsCompleted;
        _read = result.Buffer;
        if (_left > 0 || LengthOf(_read) <= maxMessageBytes) return result;
        AdvanceTo(_read.End);
        throw MeshException.ResourceExhausted(ErrorTable.TooLarge, $"A message has at most {maxMessageBytes >> 20} MiB.").ToRpcException();
    }

    // Follows the messages through what is taken out; answers how far it could.
    private long Pass(in ReadOnlySequence<byte> taken)
    {
        var passed = 0L;
        while (passed < taken.Length)
        {
            var rest = taken.Slice(passed);
            if (_left == 0)
            {
                if (rest.Length < Head) break;
                _left = Head + LengthOf(rest);
            }
            var step = Math.Min(_left, rest.Length);
            _left -= step;
            passed += step;
        }
        return passed;
    }

    private static long LengthOf(in ReadOnlySequence<byte> messages)
    {
        if (messages.Length < Head) return 0;
        Span<byte> head = stackalloc byte[Head];
        messages.Slice(0, Head).CopyTo(head);
        return BinaryPrimitives.ReadUInt32BigEndian(head[1..]);
    }
}
