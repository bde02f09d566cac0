using Mesh.Scheduler.Changes;

namespace Mesh.Scheduler.Endpoints;

/// <summary>The table of healthy addresses in memory, for all routers' streams. Changes that come together are read together.</summary>
public sealed class EndpointTable(EndpointStore store, ChangeBus bus)
{
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(10);
    private volatile EndpointSnapshot _current = EndpointSnapshot.Empty;
    private volatile TaskCompletionSource _changed = NewSignal();

    public EndpointSnapshot Current => _current;

    /// <summary>Reads the table for the first time.</summary>
    public Task LoadAsync(CancellationToken cancellationToken) => RefreshAsync(cancellationToken);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var changes = bus.Subscribe(change => change.Kind == ChangeKind.Endpoints);
        while (true)
        {
            await RefreshAsync(cancellationToken);
            await changes.NextAsync(Recheck, cancellationToken);
        }
    }

    /// <summary>The first table that is newer than the generation.</summary>
    public async Task<EndpointSnapshot> AfterAsync(long generation, CancellationToken cancellationToken)
    {
        while (true)
        {
            var signal = _changed;
            if (_current.Generation > generation)
                return _current;
            await signal.Task.WaitAsync(cancellationToken);
        }
    }

    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var (generation, addresses) = await store.ReadAsync(cancellationToken);
        if (generation == _current.Generation)
            return;
        _current = _current.Next(generation, addresses);
        Interlocked.Exchange(ref _changed, NewSignal()).SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
