using System.ComponentModel.DataAnnotations;
using Mesh.Common.ClickHouse;
using Mesh.Common.Errors;
using Mesh.Common.Hosting;
using Mesh.Common.Resilience;
using Mesh.Ingestion.Drain;
using Mesh.Ingestion.Quotas;
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
/// Evaluates policies when their time comes, a bounded number at once, shared between the tenants. Where the tables cannot
/// be asked, nothing is decided: an alert neither fires nor ends because the database is away.
/// </summary>
public sealed class AlertLoop(
    AlertTurnStore turns, AlertStore alerts, AlertConditions conditions, TableSetup tables, DrainLag lag, AlertOptions options, TimeProvider time,
    ILogger<AlertLoop> logger) : BackgroundLoop
{
    private static readonly TenantSlots Slots = TenantSlots.Policies;

    // For what the database has to be told when the program stops.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly TenantWork _work = new(Slots, time);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        await tables.ReadyAsync(stoppingToken);
        var rest = options.Interval / 10 < TimeSpan.FromSeconds(1) ? options.Interval / 10 : TimeSpan.FromSeconds(1);
        using var ending = new CancellationTokenSource();
        await using var stopping = stoppingToken.Register(() => ending.CancelAfter(Grace));
        try
        {
            await new Rounds("The alert policies cannot be evaluated now", time, logger) { AfterFailure = Backoff.Steady(rest) }.RunAsync(
                async stop =>
                {
                    if (!await TakeAsync(stop, ending.Token))
                        await _work.RestAsync(rest, stop);
                },
                stoppingToken);
        }
        finally
        {
            await _work.EndAsync();
        }
    }

    /// <summary>Begins to evaluate what is due; true where others may be due that have slots still.</summary>
    private async Task<bool> TakeAsync(CancellationToken stoppingToken, CancellationToken endingToken)
    {
        var running = _work.Running();
        if (Slots.Free(running) == 0)
            return false;
        var taken = await turns.TakeAsync(Slots, running, endingToken);
        foreach (var turn in taken.Turns)
            _work.Add(turn.Policy.Name.Tenant, RunAsync(turn, stoppingToken, endingToken));
        return taken is { Turns.Count: > 0, LeftOut: true };
    }

    private async Task RunAsync(AlertTurn turn, CancellationToken stoppingToken, CancellationToken endingToken)
    {
        try
        {
            await EvaluateAsync(turn, stoppingToken, endingToken);
        }
        catch (Exception exception)
        {
            // Its turn ends with its lease, and the others go on.
            logger.LogWarning(exception, "How {Policy} was evaluated is not noted", turn.Policy.Name);
        }
    }

    private async Task EvaluateAsync(AlertTurn turn, CancellationToken stoppingToken, CancellationToken endingToken)
    {
        using var lease = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        lease.CancelAfter(options.Lease);
        try
        {
            var findings = await conditions.FindAsync(turn with { IsBehind = lag.IsBehind }, lease.Token);
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
