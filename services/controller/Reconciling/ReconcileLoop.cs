using Mesh.Common.Hosting;
using Mesh.Common.Postgres;
using Mesh.Controller.Changes;
using Npgsql;

namespace Mesh.Controller.Reconciling;

/// <summary>Leases deployments that are due and reconciles them, a few at a time; woken by changes, else by the next one that is due.</summary>
internal sealed partial class ReconcileLoop(
    ReconcileStore store, DeploymentReconciler reconciler, PostgresSignals signals, TimeProvider time, ILogger<ReconcileLoop> logger) : BackgroundLoop
{
    private const int AtOnce = 8;
    private static readonly TimeSpan s_longestSleep = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_shortestSleep = TimeSpan.FromMilliseconds(20);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        using var due = signals.Subscribe(ChangeTopics.Channel, ChangeTopics.DueDeployments);
        await new Rounds("Deployments cannot be reconciled now", time, logger).RunAsync(
            async stop =>
            {
                var leased = await store.LeaseAsync(AtOnce, stop);
                await Task.WhenAll(leased.Select(s => ReconcileAsync(s, stop)));
                if (leased.Count == 0) await due.WaitAsync(await PauseAsync(stop), stop);
            },
            stoppingToken);
    }

    private async Task ReconcileAsync(Snapshot snapshot, CancellationToken cancellationToken)
    {
        try
        {
            await reconciler.ReconcileAsync(snapshot, cancellationToken);
        }
        catch (Exception e) when (e is not NpgsqlException && !cancellationToken.IsCancellationRequested)
        {
            // One deployment that cannot be reconciled must not keep the others from it. Its lease runs out and it is tried again.
            LogFailed(e, snapshot.Deployment.Name.ToString());
        }
    }

    private async Task<TimeSpan> PauseAsync(CancellationToken cancellationToken)
    {
        var sleep = await store.NextDueAsync(cancellationToken) ?? s_longestSleep;
        return sleep > s_longestSleep ? s_longestSleep : sleep < s_shortestSleep ? s_shortestSleep : sleep;
    }

    [LoggerMessage(LogLevel.Error, "{Deployment} could not be reconciled")]
    private partial void LogFailed(Exception exception, string deployment);
}
