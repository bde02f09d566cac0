using Mesh.Common.Hosting;
using Mesh.Common.Postgres;
using Mesh.Controller.Changes;

namespace Mesh.Controller.Routes;

/// <summary>The routes as this replica last read them. Read once for all routers that watch, when something has changed.</summary>
public sealed class RouteTable(RouteStore store, PostgresSignals signals, TimeProvider time, ILogger<RouteTable> logger) : BackgroundLoop
{
    private static readonly TimeSpan s_recheck = TimeSpan.FromSeconds(30);
    private volatile Version _current = new(RouteSnapshot.Empty);

    /// <summary>The newest snapshot that is not older than the given one. Waits until there is one.</summary>
    public async Task<RouteSnapshot> NewerThanAsync(long generation, CancellationToken cancellationToken)
    {
        while (true)
        {
            var current = _current;
            if (current.Snapshot.Generation > generation) return current.Snapshot;
            await current.Replaced.Task.WaitAsync(cancellationToken);
        }
    }

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        using var changes = signals.Subscribe(ChangeTopics.Channel, ChangeTopics.Routes);
        await new Rounds("The routes could not be read", time, logger).RunAsync(stop => ReadAsync(changes, stop), stoppingToken);
    }

    private async Task ReadAsync(SignalSubscription changes, CancellationToken cancellationToken)
    {
        var snapshot = await store.LoadAsync(cancellationToken);
        if (snapshot.Generation > _current.Snapshot.Generation) Publish(snapshot);
        await changes.WaitAsync(s_recheck, cancellationToken);
    }

    private void Publish(RouteSnapshot snapshot)
    {
        var old = _current;
        _current = new Version(snapshot);
        old.Replaced.SetResult();
    }

    private sealed record Version(RouteSnapshot Snapshot)
    {
        public TaskCompletionSource Replaced { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
