using Mesh.Common.Hosting;

namespace Mesh.Registry.Collection;

/// <summary>Collects at start and then at every interval. A failure is logged; the next run tries again.</summary>
internal sealed class CollectorLoop(Collector collector, RegistryOptions options, TimeProvider time, ILogger<CollectorLoop> logger) : BackgroundLoop
{
    protected override Task LoopAsync(CancellationToken stoppingToken) =>
        new Rounds("The collection failed", time, logger) { Pause = options.CollectionInterval }.RunAsync(CollectAsync, stoppingToken);

    private async Task CollectAsync(CancellationToken cancellationToken)
    {
        if (await collector.RunAsync(cancellationToken) is { } done)
            logger.LogInformation("Collected {Blobs} blobs of {Bytes} bytes and {Uploads} uploads", done.Blobs, done.Bytes, done.Uploads);
    }
}
