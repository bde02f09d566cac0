using System.ComponentModel.DataAnnotations;
using Mesh.Common.Hosting;
using Mesh.Common.Postgres;

namespace Mesh.Ingestion.Alerts;

/// <summary>For how long what is over is kept.</summary>
public sealed record AlertPurgeOptions
{
    /// <summary>Resolved alerts and the steps of their lives.</summary>
    [Range(1, 36_500)]
    public int HistoryDays { get; init; } = 90;

    /// <summary>Notifications that were delivered or given up.</summary>
    [Range(1, 36_500)]
    public int DeliveryDays { get; init; } = 30;

    /// <summary>How often what has grown too old is looked for.</summary>
    [Range(10, long.MaxValue)]
    public long IntervalMilliseconds { get; init; } = 3_600_000;
}

/// <summary>
/// Forgets alerts that were resolved long ago, with their history, and notifications that ended long ago. Several replicas
/// may do it at once: each takes rows that the others have not locked.
/// </summary>
public sealed class AlertPurge(MeshDatabase database, AlertPurgeOptions options, TimeProvider time, ILogger<AlertPurge> logger) : BackgroundLoop
{
    private const int RowsAtOnce = 1_000;

    protected override Task LoopAsync(CancellationToken stoppingToken) =>
        new Rounds("Old alerts cannot be forgotten now", time, logger) { Pause = TimeSpan.FromMilliseconds(options.IntervalMilliseconds) }
            .RunAsync(PurgeAsync, stoppingToken);

    private async Task PurgeAsync(CancellationToken cancellationToken)
    {
        const string alerts = """
            with old as
            (
                select tenant, uid from alerts where state = 3 and resolve_time < now() - make_interval(days => @days)
                order by resolve_time limit @limit for update skip locked
            ),
            steps as
            (
                delete from alert_history using old where alert_history.tenant = old.tenant and alert_history.alert = old.uid
                returning alert_history.tenant, alert_history.change
            ),
            horizons as
            (
                insert into alert_horizons (tenant, change) select tenant, max(change) from steps group by tenant order by tenant
                on conflict (tenant) do update set change = greatest(alert_horizons.change, excluded.change)
            )
            delete from alerts using old where alerts.tenant = old.tenant and alerts.uid = old.uid
            """;
        const string deliveries = """
            with old as
            (
                select tenant, uid from alert_deliveries where state <> 1 and finish_time < now() - make_interval(days => @days)
                order by finish_time limit @limit for update skip locked
            )
            delete from alert_deliveries using old where alert_deliveries.tenant = old.tenant and alert_deliveries.uid = old.uid
            """;
        await RepeatAsync(alerts, options.HistoryDays, cancellationToken);
        await RepeatAsync(deliveries, options.DeliveryDays, cancellationToken);
    }

    private async Task RepeatAsync(string sql, int days, CancellationToken cancellationToken)
    {
        int deleted;
        do
        {
            await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
            deleted = await transaction.ExecuteAsync(sql, new { days, limit = RowsAtOnce }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        while (deleted == RowsAtOnce);
    }
}
