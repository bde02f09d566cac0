using System.Collections.Concurrent;
using Mesh.Common.Hosting;
using Mesh.Common.Postgres;

namespace Mesh.Controller.Changes;

/// <summary>
/// Tells whoever waits that something with a given name has changed, on this replica or another. It carries no data: who is woken
/// reads the tables. Nobody polls.
/// </summary>
public sealed class ChangeFeed(PostgresListener listener) : BackgroundLoop
{
    /// <summary>The channel that every change is sent to, inside the transaction that makes it; the payload is a name.</summary>
    public const string Channel = "controller_changes";

    /// <summary>Sends a name to the channel.</summary>
    public const string Notify = "select pg_notify('controller_changes', @name)";

    /// <summary>The name that stands for deployments that are due.</summary>
    public const string DueDeployments = "due";

    /// <summary>The name that stands for the table of routes.</summary>
    public const string Routes = "routes";

    private readonly ConcurrentDictionary<string, TaskCompletionSource> _waiting = new(StringComparer.Ordinal);

    /// <summary>Every change on this replica, named; null when changes may have been missed.</summary>
    public event Action<string?>? Changed;

    /// <summary>
    /// Completes at the next change of the name. Take it before reading the tables, so that no change falls between.
    /// </summary>
    public Task NextAsync(string name) =>
        _waiting.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        await foreach (var heard in listener.ListenAsync([Channel], stoppingToken))
        {
            if (heard.Missed) WakeAll();
            else Wake(heard.Payload);
        }
    }

    private void Wake(string name)
    {
        Changed?.Invoke(name);
        if (_waiting.TryRemove(name, out var waiting)) waiting.TrySetResult();
    }

    private void WakeAll()
    {
        Changed?.Invoke(null);
        foreach (var name in _waiting.Keys)
        {
            if (_waiting.TryRemove(name, out var waiting)) waiting.TrySetResult();
        }
    }
}
