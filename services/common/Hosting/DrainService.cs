using Mesh.Common.Health;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mesh.Common.Hosting;

/// <summary>
/// Leaves before stopping: the health turns to NOT_SERVING, the service leaves Consul, and calls are still taken for as long as
/// clients need to notice. Only then do the long streams end and does the server refuse new calls and let the running ones end.
/// </summary>
internal sealed partial class DrainService(
    ServerHealth health, LongStreams streams, IEnumerable<ILeaveOnDrain> leaving, MeshOptions options, TimeProvider time, ILogger<DrainService> logger)
    : IHostedLifecycleService
{
    /// <summary>How long the running calls have after the pause, all together.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(25);

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        LogDraining();
        health.Drain();
        foreach (var part in leaving) await part.LeaveAsync(cancellationToken);
        await Task.Delay(options.Drain, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        streams.End();
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Information, "Draining")]
    private partial void LogDraining();
}

/// <summary>A part that others must stop finding before the server stops.</summary>
public interface ILeaveOnDrain
{
    Task LeaveAsync(CancellationToken cancellationToken);
}
