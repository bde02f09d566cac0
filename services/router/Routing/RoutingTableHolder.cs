namespace Mesh.Router.Routing;

/// <summary>The present table. Watchers change it; the nginx loop waits for changes.</summary>
public sealed class RoutingTableHolder
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RoutingTable _current = RoutingTable.Empty;

    /// <summary>The present table, and what completes at the next change.</summary>
    public (RoutingTable Table, Task Changed) Current
    {
        get
        {
            lock (_gate) return (_current, _changed.Task);
        }
    }

    /// <summary>Replaces the table by a function of it.</summary>
    public void Change(Func<RoutingTable, RoutingTable> change)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            _current = change(_current);
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        changed.SetResult();
    }
}
