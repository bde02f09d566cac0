using Mesh.Common.Hosting;
using Mesh.Common.Resilience;
using Mesh.Ingestion.Quotas;
using Mesh.Ingestion.Targets;

namespace Mesh.Ingestion.Scraping;

/// <summary>
/// Reads targets when their time comes, a bounded number at once, shared between the tenants, so that slow targets delay nobody
/// else's. At the end of the program the turns that it holds go back, and another replica reads at once.
/// </summary>
internal sealed class ScrapeLoop(
    TargetTurnStore turns, TargetHistoryIntake histories, Scraper scraper, TimeProvider time, ILogger<ScrapeLoop> logger) : BackgroundLoop
{
    // Few, so that who has just taken some gives way to others before it takes more.
    private const int TakenAtOnce = 16;

    private static readonly TenantSlots Slots = TenantSlots.Targets;
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(15);

    private readonly TenantWork _work = new(Slots, time);
    private bool _settled;

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        try
        {
            await new Rounds("The targets cannot be read now", time, logger) { AfterFailure = Backoff.Steady(Rest) }.RunAsync(
                async stop =>
                {
                    if (await TakeAsync(stop) < TakenAtOnce)
                        await _work.RestAsync(Rest, stop);
                },
                stoppingToken);
        }
        finally
        {
            await _work.EndAsync();
        }
    }

    private async Task<int> TakeAsync(CancellationToken stoppingToken)
    {
        var running = _work.Running();
        var wanted = Math.Min(TakenAtOnce, Slots.Free(running));
        if (wanted == 0)
            return 0;
        // Before the first turn nothing of an earlier run is on its way any more.
        if (!_settled)
            await histories.SettleAsync(stoppingToken);
        _settled = true;
        var due = await turns.TakeAsync(wanted, Slots.Full(running), stoppingToken);
        foreach (var turn in due)
            _work.Add(turn.Target.Tenant, ReadAsync(turn, stoppingToken));
        return due.Count;
    }

    private async Task ReadAsync(TargetTurn turn, CancellationToken stoppingToken)
    {
        using var farewell = new CancellationTokenSource();
        await using var _ = stoppingToken.Register(() => farewell.CancelAfter(Farewell));
        try
        {
            var outcome = await OutcomeAsync(turn, stoppingToken);
            await (outcome is null ? turns.ReturnAsync(turn, farewell.Token) : turns.FinishAsync(turn, outcome, farewell.Token));
        }
        catch (Exception exception)
        {
            // Its turn ends by itself, and the others go on.
            logger.LogWarning(exception, "How {Target} was read is not noted", turn.Target.Name);
        }
    }

    private async Task<ScrapeOutcome?> OutcomeAsync(TargetTurn turn, CancellationToken stoppingToken)
    {
        try
        {
            return await scraper.ScrapeAsync(turn, stoppingToken);
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
