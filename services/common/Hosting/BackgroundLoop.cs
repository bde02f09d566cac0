using Microsoft.Extensions.Hosting;

namespace Mesh.Common.Hosting;

/// <summary>
/// Work that goes on until the program stops. Whatever breaks because it is being stopped (a cancelled call, a connection closed under
/// a query) is its end and no failure; whatever breaks before that is, and ends the program. A loop therefore catches in each round whatever
/// that round can throw: what a database, a peer or a network may throw when it breaks is more than any list of exceptions names.
/// </summary>
public abstract class BackgroundLoop : BackgroundService
{
    protected abstract Task LoopAsync(CancellationToken stoppingToken);

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await LoopAsync(stoppingToken);
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // Stopped, as it was told.
        }
    }
}
