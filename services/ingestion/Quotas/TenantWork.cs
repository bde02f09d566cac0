namespace Mesh.Ingestion.Quotas;

/// <summary>What a loop does at this time for tenants, within its slots. It belongs to that loop alone.</summary>
/// <param name="slots">How much at once.</param>
/// <param name="time">The clock of pauses.</param>
internal sealed class TenantWork(TenantSlots slots, TimeProvider time)
{
    private readonly List<(string Tenant, Task Task)> _running = [];

    /// <summary>How much is under way, by tenant; what has ended is forgotten.</summary>
    public IReadOnlyDictionary<string, int> Running()
    {
        _running.RemoveAll(item => item.Task.IsCompleted);
        return Counts();
    }

    /// <summary>Notes what has begun. The task must not fail.</summary>
    public void Add(string tenant, Task task) => _running.Add((tenant, task));

    /// <summary>Waits for a while; where somebody may wait for a slot, only until anything ends.</summary>
    public async Task RestAsync(TimeSpan rest, CancellationToken cancellationToken)
    {
        var pause = Task.Delay(rest, time, cancellationToken);
        await (slots.Full(Counts()).Length > 0 ? Task.WhenAny([pause, .. _running.Select(item => item.Task)]) : pause);
    }

    /// <summary>Waits until all has ended.</summary>
    public Task EndAsync() => Task.WhenAll(_running.Select(item => item.Task));

    private Dictionary<string, int> Counts() =>
        _running.CountBy(item => item.Tenant, StringComparer.Ordinal).ToDictionary(count => count.Key, count => count.Value, StringComparer.Ordinal);
}
