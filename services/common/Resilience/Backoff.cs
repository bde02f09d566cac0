namespace Mesh.Common.Resilience;

/// <summary>Pauses after failures in a row: each is twice the one before, up to the longest.</summary>
public readonly record struct Backoff(TimeSpan First, TimeSpan Longest)
{
    /// <summary>From milliseconds.</summary>
    public static Backoff Of(double first, double longest) => new(TimeSpan.FromMilliseconds(first), TimeSpan.FromMilliseconds(longest));

    /// <summary>The same pause after each failure.</summary>
    public static Backoff Steady(TimeSpan pause) => new(pause, pause);

    /// <summary>The pause when so many failures came before; none did before the first.</summary>
    public TimeSpan After(int earlier) => TimeSpan.FromTicks((long)Math.Min(Longest.Ticks, First.Ticks * Math.Pow(2, earlier)));
}
