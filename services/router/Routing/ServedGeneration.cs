namespace Mesh.Router.Routing;

/// <summary>The newest generation of endpoints that nginx really serves.</summary>
public sealed class ServedGeneration
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _value;

    /// <summary>The generation, and what completes when it changes.</summary>
    public (long Value, Task Changed) Current
    {
        get
        {
            lock (_gate) return (_value, _changed.Task);
        }
    }

    public void Set(long value)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            if (_value == value) return;
            _value = value;
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        changed.SetResult();
    }
}
