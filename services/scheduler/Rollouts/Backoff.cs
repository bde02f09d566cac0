namespace Mesh.Scheduler.Rollouts;

/// <summary>Waits that double: 1 s, 2 s, 4 s and so on.</summary>
public static class Backoff
{
    public static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>After this long without a failure the count starts again.</summary>
    public static readonly TimeSpan Forgiven = TimeSpan.FromMinutes(5);

    /// <summary>The wait after the given number of failures in a row, from 1.</summary>
    public static TimeSpan After(int failures) => After(failures, First, Longest);

    public static TimeSpan After(int failures, TimeSpan first, TimeSpan longest)
    {
        var wait = first * Math.Pow(2, Math.Clamp(failures - 1, 0, 30));
        return wait < longest ? wait : longest;
    }
}
