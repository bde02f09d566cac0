using Mesh.Common.Hosting;

namespace Mesh.Ingestion.Log;

/// <summary>Ends the program when the disk has failed under the log: only a new start can tell what is durable.</summary>
internal sealed class LogGuard(WriteAheadLog log, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<LogGuard> logger) : BackgroundLoop
{
    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        if (log.Recovered.CutBytes > 0)
            logger.LogInformation("{Bytes} bytes behind the log's last record were cut off: of the file's earlier use, or never acknowledged", log.Recovered.CutBytes);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (log.Broken is not { } broken)
                continue;
            logger.LogCritical(broken, "The log cannot be written any more; the program ends");
            Environment.ExitCode = 1;
            lifetime.StopApplication();
            return;
        }
    }
}
