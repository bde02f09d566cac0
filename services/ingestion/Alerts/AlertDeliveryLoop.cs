using Mesh.Common.Hosting;
using Npgsql;

namespace Mesh.Ingestion.Alerts;

/// <summary>Tells webhooks what the outbox holds. An attempt that is cut off anywhere is made again.</summary>
public sealed class AlertDeliveryLoop(
    AlertDeliveryStore store, WebhookSender sender, TimeProvider time, ILogger<AlertDeliveryLoop> logger) : BackgroundLoop
{
    private const int Parallel = 32;
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(500);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (await RoundAsync(stoppingToken) == 0)
                await Task.Delay(Rest, time, stoppingToken);
        }
    }

    private async Task<int> RoundAsync(CancellationToken stoppingToken)
    {
        try
        {
            var due = await store.TakeAsync(Parallel, stoppingToken);
            await Task.WhenAll(due.Select(delivery => DeliverAsync(delivery, stoppingToken)));
            return due.Count;
        }
        catch (NpgsqlException exception) when (!stoppingToken.IsCancellationRequested)
        {
            logger.LogWarning(exception, "Webhooks cannot be told now");
            return 0;
        }
    }

    private async Task DeliverAsync(AlertDelivery delivery, CancellationToken stoppingToken)
    {
        var error = await sender.SendAsync(delivery, stoppingToken);
        if (error.Length > 0)
            logger.LogInformation("Attempt {Attempt} of delivery {Delivery} failed: {Error}", delivery.Attempts, delivery.Uid, error);
        await store.ReportAsync(delivery, error, stoppingToken);
    }
}
