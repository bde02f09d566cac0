namespace Mesh.Testing;

/// <summary>A clock that only a test moves. Timers ring when it has come to their time; none rings twice.</summary>
public sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Bell> _bells = [];
    private DateTimeOffset _now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    /// <summary>How many timers there have been.</summary>
    public int Timers
    {
        get
        {
            lock (_lock)
                return _bells.Count;
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return _now;
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var bell = new Bell(this, callback, state);
        lock (_lock)
        {
            // Who sees the timer may move the clock, so it is set by then.
            bell.Change(dueTime, period);
            _bells.Add(bell);
        }

        return bell;
    }

    public void Advance(TimeSpan time)
    {
        Bell[] due;
        lock (_lock)
        {
            _now += time;
            due = [.. _bells.Where(bell => bell.Due <= _now)];
            foreach (var bell in due)
                bell.Due = DateTimeOffset.MaxValue;
        }

        foreach (var bell in due)
            bell.Ring();
    }

    private sealed class Bell(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        public DateTimeOffset Due { get; set; } = DateTimeOffset.MaxValue;

        public void Ring() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
                Due = dueTime == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : time._now + dueTime;
            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
