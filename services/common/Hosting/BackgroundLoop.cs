using Microsoft.Extensions.Hosting;

namespace Mesh.Common.Hosting;

/// <summary>
/// Work that goes on until the program stops. Whatever breaks because it is being stopped (a cancelled call, a connection closed under
/// a query) is its end and no failure; whatever breaks before that is, and ends the program. A loop therefore does in
/// <see cref="Rounds"/> whatever can be tried again.
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
