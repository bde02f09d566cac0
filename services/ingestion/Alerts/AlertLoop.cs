using System.ComponentModel.DataAnnotations;
using Mesh.Common.ClickHouse;
using Mesh.Common.Errors;
using Mesh.Common.Hosting;
using Mesh.Ingestion.Tables;
using Npgsql;

namespace Mesh.Ingestion.Alerts;

/// <summary>How often policies are evaluated.</summary>
public sealed record AlertOptions
{
    [Range(100, 3_600_000)]
    public long IntervalMilliseconds { get; init; } = 15_000;
}

/// <summary>
/// Evaluates policies when their time comes. Where the tables cannot be asked, nothing is decided: an alert neither
/// fires nor ends because the database is away.
/// </summary>
public sealed class AlertLoop(
    AlertPolicyStore policies, AlertStore alerts, AlertConditions conditions, TableSetup tables, AlertOptions options, TimeProvider time,
    ILogger<AlertLoop> logger) : BackgroundLoop
{
    private const int Parallel = 8;

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        await tables.ReadyAsync(stoppingToken);
        var interval = TimeSpan.FromMilliseconds(options.IntervalMilliseconds);
        var rest = interval / 10 < TimeSpan.FromSeconds(1) ? interval / 10 : TimeSpan.FromSeconds(1);
        while (!stoppingToken.IsCancellationRequested)
        {
            if (await RoundAsync(interval, stoppingToken) < Parallel)
                await Task.Delay(rest, time, stoppingToken);
        }
    }

    private async Task<int> RoundAsync(TimeSpan interval, CancellationToken stoppingToken)
    {
        try
        {
            var due = await policies.TakeDueAsync(interval, Parallel, stoppingToken);
            await Task.WhenAll(due.Select(policy => EvaluateAsync(policy, stoppingToken)));
            return due.Count;
        }
        catch (NpgsqlException exception) when (!stoppingToken.IsCancellationRequested)
        {
            logger.LogWarning(exception, "The alert policies cannot be evaluated now");
            return 0;
        }
    }

    private async Task EvaluateAsync(AlertPolicy policy, CancellationToken stoppingToken)
    {
        try
        {
            var now = time.GetUtcNow();
            var findings = await conditions.FindAsync(policy, now, stoppingToken);
            await alerts.DecideAsync(policy, open => AlertEvaluation.Decide(policy, open, findings, now), stoppingToken);
        }
        catch (Exception exception) when (exception is ClickHouseException or MeshException or HttpRequestException
            or Polly.ExecutionRejectedException && !stoppingToken.IsCancellationRequested)
        {
            logger.LogWarning(exception, "The policy {Policy} cannot be evaluated now", policy.Name);
        }
    }
}
