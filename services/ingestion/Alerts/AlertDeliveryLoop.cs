using Mesh.Common.Hosting;
using Mesh.Common.Resilience;
using Mesh.Ingestion.Quotas;

namespace Mesh.Ingestion.Alerts;

/// <summary>
/// Tells webhooks what the outbox holds, so many at once, shared between the tenants: endpoints that do not answer delay their own tenant.
/// An attempt that is cut off anywhere is made again.
/// </summary>
public sealed class AlertDeliveryLoop(
    AlertDeliveryStore store, WebhookSender sender, TimeProvider time, ILogger<AlertDeliveryLoop> logger) : BackgroundLoop
{
    private static readonly TenantSlots Slots = TenantSlots.Webhooks;
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(500);

    private readonly TenantWork _work = new(Slots, time);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        try
        {
            await new Rounds("Webhooks cannot be told now", time, logger) { AfterFailure = Backoff.Steady(Rest) }.RunAsync(
                async stop =>
                {
                    if (!await TakeAsync(stop))
                        await _work.RestAsync(Rest, stop);
                },
                stoppingToken);
        }
        finally
        {
            await _work.EndAsync();
        }
    }

    /// <summary>Begins to tell what is due; true where more may be due that has slots still.</summary>
    private async Task<bool> TakeAsync(CancellationToken stoppingToken)
    {
        var running = _work.Running();
        if (Slots.Free(running) == 0)
            return false;
        var taken = await store.TakeAsync(Slots, running, stoppingToken);
        foreach (var delivery in taken.Deliveries)
            _work.Add(delivery.Tenant, RunAsync(delivery, stoppingToken));
        return taken is { Deliveries.Count: > 0, LeftOut: true };
    }

    private async Task RunAsync(AlertDelivery delivery, CancellationToken stoppingToken)
    {
        try
        {
            await DeliverAsync(delivery, stoppingToken);
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // Its attempt ends with the program.
        }
        catch (Exception exception)
        {
            // It comes again by itself, and the others go on.
            logger.LogWarning(exception, "How delivery {Delivery} went is not noted", delivery.Uid);
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
