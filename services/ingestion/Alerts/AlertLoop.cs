using System.ComponentModel.DataAnnotations;
using Mesh.Common.ClickHouse;
using Mesh.Common.Errors;
using Mesh.Common.Hosting;
using Mesh.Ingestion.Tables;
using Npgsql;

namespace Mesh.Ingestion.Alerts;

/// <summary>How often policies are evaluated, and for how long a turn belongs to the replica that took it.</summary>
public sealed record AlertOptions
{
    [Range(100, 3_600_000)]
    public long IntervalMilliseconds { get; init; } = 15_000;

    [Range(500, 3_600_000)]
    public long LeaseMilliseconds { get; init; } = 60_000;

    public TimeSpan Interval => TimeSpan.FromMilliseconds(IntervalMilliseconds);

    public TimeSpan Lease => TimeSpan.FromMilliseconds(LeaseMilliseconds);
}

/// <summary>
/// Evaluates policies when their time comes. Where the tables cannot be asked, nothing is decided: an alert neither
/// fires nor ends because the database is away.
/// </summary>
public sealed class AlertLoop(
    AlertTurnStore turns, AlertStore alerts, AlertConditions conditions, TableSetup tables, AlertOptions options, TimeProvider time,
    ILogger<AlertLoop> logger) : BackgroundLoop
{
    private const int Parallel = 8;

    // For what the database has to be told when the program stops.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        await tables.ReadyAsync(stoppingToken);
        var rest = options.Interval / 10 < TimeSpan.FromSeconds(1) ? options.Interval / 10 : TimeSpan.FromSeconds(1);
        using var ending = new CancellationTokenSource();
        await using var stopping = stoppingToken.Register(() => ending.CancelAfter(Grace));
        while (!stoppingToken.IsCancellationRequested)
        {
            if (await RoundAsync(stoppingToken, ending.Token) < Parallel)
                await Task.Delay(rest, time, stoppingToken);
        }
    }

    private async Task<int> RoundAsync(CancellationToken stoppingToken, CancellationToken endingToken)
    {
        try
        {
            var due = await turns.TakeAsync(Parallel, endingToken);
            await Task.WhenAll(due.Select(turn => EvaluateAsync(turn, stoppingToken, endingToken)));
            return due.Count;
        }
        catch (NpgsqlException exception) when (!stoppingToken.IsCancellationRequested)
        {
            logger.LogWarning(exception, "The alert policies cannot be evaluated now");
            return 0;
        }
    }

    private async Task EvaluateAsync(AlertTurn turn, CancellationToken stoppingToken, CancellationToken endingToken)
    {
        using var lease = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        lease.CancelAfter(options.Lease);
        try
        {
            var findings = await conditions.FindAsync(turn, lease.Token);
            await alerts.DecideAsync(
                turn, open => findings is null ? [] : AlertEvaluation.Decide(turn.Policy, open, findings, turn.Time), endingToken);
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // Another replica goes on at once, and need not wait for the end of the lease.
            await turns.ReleaseAsync(turn, endingToken);
        }
        catch (Exception exception) when (exception is ClickHouseException or MeshException or HttpRequestException or IOException
            or Polly.ExecutionRejectedException or OperationCanceledException)
        {
            logger.LogWarning(exception, "The policy {Policy} cannot be evaluated now", turn.Policy.Name);
            var error = exception is MeshException known ? known.Message : "The tables cannot be asked now.";
            await turns.FailAsync(turn, error, stoppingToken);
        }
        catch (Exception exception) when (exception is not NpgsqlException)
        {
            // A fault of ours; one policy that runs into it stops no other.
            logger.LogError(exception, "The policy {Policy} cannot be evaluated", turn.Policy.Name);
            await turns.FailAsync(turn, "The policy cannot be evaluated.", stoppingToken);
        }
    }
}
