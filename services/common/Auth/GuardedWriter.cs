using Grpc.Core;

namespace Mesh.Common.Auth;

/// <summary>
/// The responses of a guarded stream. A write that is cancelled breaks the stream off before its status is sent, so the guard's own
/// end cancels none: what is being written is finished, and nothing follows it.
/// </summary>
internal sealed class GuardedWriter<T>(IServerStreamWriter<T> inner, StreamGuard guard) : IServerStreamWriter<T>
{
    public WriteOptions? WriteOptions
    {
        get => inner.WriteOptions;
        set => inner.WriteOptions = value;
    }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(T message, CancellationToken cancellationToken) =>
        guard.Refused ? Task.FromException(new OperationCanceledException())
        : cancellationToken == guard.Context.CancellationToken ? inner.WriteAsync(message, guard.Call.CancellationToken)
        : cancellationToken.CanBeCanceled ? WriteUnlessCancelledAsync(message, cancellationToken)
        : inner.WriteAsync(message, cancellationToken);

    // The handler's own token: it may be linked to the guard's.
    private async Task WriteUnlessCancelledAsync(T message, CancellationToken cancellationToken)
    {
        using var cancel = new CancellationTokenSource();
        await using var registration = cancellationToken.UnsafeRegister(
            static state =>
            {
                var (guard, cancel) = ((StreamGuard, CancellationTokenSource))state!;
                if (!guard.Refused) cancel.Cancel();
            },
            (guard, cancel));
        await inner.WriteAsync(message, cancel.Token);
    }
}
