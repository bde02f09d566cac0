using Grpc.Core;

namespace Mesh.Common.Auth;

/// <summary>
/// The responses of a guarded stream. A write that is cancelled breaks the stream off before its status is sent, so the guard's own
/// end cancels none: what is being written is finished, and nothing follows it.
/// </summary>
internal sealed class GuardedWriter<T>(IServerStreamWriter<T> inner, StreamGuard guard) : IServerStreamWriter<T>, IDisposable
{
    private CancellationToken _followed;
    private CancellationTokenSource? _cancel;
    private CancellationTokenRegistration _following;

    public WriteOptions? WriteOptions
    {
        get => inner.WriteOptions;
        set => inner.WriteOptions = value;
    }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(T message, CancellationToken cancellationToken) =>
        guard.Refused ? Task.FromException(new OperationCanceledException())
        : cancellationToken == guard.Context.CancellationToken ? inner.WriteAsync(message, guard.Call.CancellationToken)
        : cancellationToken.CanBeCanceled ? inner.WriteAsync(message, UnlessRefused(cancellationToken))
        : inner.WriteAsync(message, cancellationToken);

    // Not waited for: a handler may end its own token while that cancels a write.
    public void Dispose() => _following.Unregister();

    // The handler's own token: it may be linked to the guard's. As a rule it is one for all of the messages, which are written one by one.
    private CancellationToken UnlessRefused(CancellationToken cancellationToken)
    {
        if (_cancel is not null && _followed == cancellationToken) return _cancel.Token;
        _following.Unregister();
        // Nothing of it has to be given back: it has no timer and no handle, and may be cancelled when the stream has ended.
        var cancel = new CancellationTokenSource();
        (_cancel, _followed) = (cancel, cancellationToken);
        _following = cancellationToken.UnsafeRegister(
            static state =>
            {
                var (guard, cancel) = ((StreamGuard, CancellationTokenSource))state!;
                if (!guard.Refused) cancel.Cancel();
            },
            (guard, cancel));
        return cancel.Token;
    }
}
