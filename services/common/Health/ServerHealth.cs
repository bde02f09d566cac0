namespace Mesh.Common.Health;

/// <summary>Whether this server takes calls: every condition holds and it is not draining.</summary>
public sealed class ServerHealth
{
    private readonly Lock _lock = new();
    private volatile HealthCondition[] _conditions = [];
    private volatile TaskCompletionSource _change = New();
    private volatile bool _draining;
    private volatile bool _started;

    /// <summary>All conditions, met or not.</summary>
    public IReadOnlyList<HealthCondition> Conditions => _conditions;

    public bool IsDraining => _draining;

    public bool IsReady => !_draining && _conditions.All(c => c.IsMet);

    /// <summary>Whether the server has been ready once.</summary>
    public bool HasStarted => _started || (_started = IsReady);

    /// <summary>Ends at the next change.</summary>
    public Task NextChange => _change.Task;

    /// <summary>Adds a condition, which does not hold until it is met.</summary>
    public HealthCondition Require(string name)
    {
        var condition = new HealthCondition(this, name);
        lock (_lock) _conditions = [.. _conditions, condition];
        Changed();
        return condition;
    }

    /// <summary>Takes no more calls from now on.</summary>
    public void Drain()
    {
        _draining = true;
        Changed();
    }

    internal void Changed()
    {
        _started = _started || IsReady;
        Interlocked.Exchange(ref _change, New()).TrySetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
