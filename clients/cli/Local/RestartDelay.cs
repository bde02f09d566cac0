namespace Mesh.Cli.Local;

/// <summary>How long a program that ended is left down: short at first, doubling while it keeps ending soon, never more than 5 s.</summary>
internal sealed class RestartDelay
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Stable = TimeSpan.FromSeconds(30);
    private TimeSpan last;

    /// <summary>The delay after a run of the given length; a run of 30 s or more makes the next delay short again.</summary>
    public TimeSpan After(TimeSpan run)
    {
        last = last == TimeSpan.Zero || run >= Stable ? Shortest : Min(last * 2, Longest);
        return last;
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
