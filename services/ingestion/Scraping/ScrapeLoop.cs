using Mesh.Common.Hosting;
using Mesh.Ingestion.Targets;
using Npgsql;

namespace Mesh.Ingestion.Scraping;

/// <summary>Reads targets when their time comes, a bounded number at once.</summary>
public sealed class ScrapeLoop(TargetStore store, Scraper scraper, TimeProvider time, ILogger<ScrapeLoop> logger) : BackgroundLoop
{
    private const int Parallel = 32;
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(250);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (await RoundAsync(stoppingToken) < Parallel)
                await Task.Delay(Rest, time, stoppingToken);
        }
    }

    private async Task<int> RoundAsync(CancellationToken stoppingToken)
    {
        try
        {
            var due = await store.TakeDueAsync(Parallel, stoppingToken);
            await ScrapeAsync(due, stoppingToken);
            return due.Count;
        }
        catch (NpgsqlException exception) when (!stoppingToken.IsCancellationRequested)
        {
            logger.LogWarning(exception, "The targets cannot be read now");
            await Task.Delay(Rest * 8, time, stoppingToken);
            return 0;
        }
    }

    private Task ScrapeAsync(IReadOnlyList<Target> due, CancellationToken stoppingToken) =>
        Task.WhenAll(due.Select(target => scraper.ScrapeAsync(target, stoppingToken)));
}
