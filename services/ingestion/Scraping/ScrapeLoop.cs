using Mesh.Common.Hosting;
using Mesh.Ingestion.Targets;
using Npgsql;

namespace Mesh.Ingestion.Scraping;

/// <summary>
/// Reads targets when their time comes, a bounded number at once and a part of that for each tenant, so that slow targets
/// delay nobody else's. At the end of the program the turns that it holds go back, and another replica reads at once.
/// </summary>
internal sealed class ScrapeLoop(
    TargetTurnStore turns, TargetHistoryIntake histories, Scraper scraper, TimeProvider time, ILogger<ScrapeLoop> logger) : BackgroundLoop
{
    private const int Parallel = 128;
    private const int ParallelOfTenant = 32;
    private const int TakenAtOnce = 16;
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(15);

    private readonly List<(string Tenant, Task Reading)> _running = [];
    private bool _settled;

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                _running.RemoveAll(item => item.Reading.IsCompleted);
                var wanted = Math.Min(TakenAtOnce, Parallel - _running.Count);
                if (await TakeAsync(wanted, stoppingToken) < Math.Max(wanted, 1))
                    await Task.Delay(Rest, time, stoppingToken);
            }
        }
        finally
        {
            await Task.WhenAll(_running.Select(item => item.Reading));
        }
    }

    private async Task<int> TakeAsync(int wanted, CancellationToken stoppingToken)
    {
        if (wanted == 0)
            return 0;
        try
        {
            // Before the first turn nothing of an earlier run is on its way any more.
            if (!_settled)
                await histories.SettleAsync(stoppingToken);
            _settled = true;
            var busy = _running.GroupBy(item => item.Tenant).Where(group => group.Count() >= ParallelOfTenant).Select(group => group.Key).ToArray();
            var due = await turns.TakeAsync(wanted, busy, stoppingToken);
            _running.AddRange(due.Select(turn => (turn.Target.Tenant, ReadAsync(turn, stoppingToken))));
            return due.Count;
        }
        catch (NpgsqlException exception) when (!stoppingToken.IsCancellationRequested)
        {
            logger.LogWarning(exception, "The targets cannot be read now");
            return 0;
        }
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
