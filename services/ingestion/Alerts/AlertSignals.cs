using System.Collections.Concurrent;
using Mesh.Common.Hosting;
using Mesh.Common.Postgres;

namespace Mesh.Ingestion.Alerts;

/// <summary>
/// Wakes whoever follows a tenant's alerts: one listening connection for the whole program, however many watch. It carries no data:
/// who is woken reads the tables.
/// </summary>
public sealed class AlertSignals(PostgresListener listener) : BackgroundLoop
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _waiting = new(StringComparer.Ordinal);

    /// <summary>Completes at the next step of one of the tenant's alerts. Take it before reading the tables, so that no step falls between.</summary>
    public Task NextAsync(string tenant) =>
        _waiting.GetOrAdd(tenant, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        await foreach (var heard in listener.ListenAsync([AlertStore.Channel], stoppingToken))
        {
            foreach (var tenant in heard.Missed ? _waiting.Keys : [heard.Payload])
            {
                if (_waiting.TryRemove(tenant, out var waiting))
                    waiting.TrySetResult();
            }
        }
    }
}
