using Mesh.Common.Hosting;
using Mesh.Common.Postgres;
using Mesh.Controller.Changes;
using Npgsql;

namespace Mesh.Controller.Routes;

/// <summary>The routes as this replica last read them. Read once for all routers that watch, when something has changed.</summary>
public sealed partial class RouteTable(RouteStore store, PostgresSignals signals, TimeProvider time, ILogger<RouteTable> logger) : BackgroundLoop
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
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var snapshot = await store.LoadAsync(stoppingToken);
                if (snapshot.Generation > _current.Snapshot.Generation) Publish(snapshot);
                await changes.WaitAsync(s_recheck, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogAway(e is NpgsqlException ? null : e, e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
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

    [LoggerMessage(LogLevel.Warning, "The routes could not be read: {Problem}")]
    private partial void LogAway(Exception? exception, string problem);
}
