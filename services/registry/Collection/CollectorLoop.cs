using Mesh.Common.Hosting;

namespace Mesh.Registry.Collection;

/// <summary>Collects at start and then at every interval. A failure is logged; the next run tries again.</summary>
internal sealed class CollectorLoop(Collector collector, RegistryOptions options, TimeProvider time, ILogger<CollectorLoop> logger) : BackgroundLoop
{
    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.CollectionInterval, time);
        do
        {
            try
            {
                if (await collector.RunAsync(stoppingToken) is { } done)
                    logger.LogInformation("Collected {Blobs} blobs of {Bytes} bytes and {Uploads} uploads", done.Blobs, done.Bytes, done.Uploads);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogWarning(failure, "The collection failed");
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
