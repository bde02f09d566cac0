namespace Mesh.Common.Postgres;

/// <summary>One party that waits for a topic, at one place at a time. Signals that come while it is busy are kept as one.</summary>
public sealed class SignalSubscription : IDisposable
{
    private readonly Action<SignalSubscription> _end;
    private readonly TimeProvider _time;
    private TaskCompletionSource _signal = NewSignal();

    internal SignalSubscription(Action<SignalSubscription> end, TimeProvider time) => (_end, _time) = (end, time);

    /// <summary>Waits for a signal.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => WaitAsync(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Waits for a signal, at most as long as told; false where none came.</summary>
    public async Task<bool> WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        var signal = Volatile.Read(ref _signal).Task;
        await signal.WaitAsync(atMost, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        if (!signal.IsCompleted) return false;
        // What came up to here is in the tables that the caller reads now; what comes from here on wakes it again.
        Interlocked.Exchange(ref _signal, NewSignal());
        return true;
    }

    public void Dispose() => _end(this);

    internal void Wake() => Volatile.Read(ref _signal).TrySetResult();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
