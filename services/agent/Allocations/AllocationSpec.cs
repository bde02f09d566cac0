namespace Mesh.Agent.Allocations;

/// <summary>What one allocation runs. It never changes; all defaults are filled in.</summary>
public sealed record AllocationSpec(
    string Name,
    string Uid,
    long Revision,
    string Image,
    IReadOnlyList<string> Command,
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyDictionary<string, string> Labels,
    bool Listens,
    bool RunsToCompletion,
    AllocationLimits Limits,
    HealthCheck Health,
    TimeSpan Grace,
    RestartPolicy Restart,
    string MetricsPath,
    string User,
    string WorkingDirectory)
{
    /// <summary>The tenant's id: the second part of the resource name.</summary>
    public string Tenant => Name.Split('/') is ["tenants", var tenant, ..] ? tenant : "";
}

/// <summary>What an allocation may use.</summary>
public sealed record AllocationLimits(int CpuReservedMillis, int CpuLimitMillis, long MemoryBytes, int Processes);

public enum HealthCheckKind
{
    /// <summary>A process that lives is healthy.</summary>
    Alive,
    Http,
    Tcp,
    Exec,
}

/// <summary>How the agent finds out whether a process works.</summary>
/// <param name="Interval">The time between checks; null for one that is short until the first success.</param>
public sealed record HealthCheck(
    HealthCheckKind Kind, string Path, IReadOnlyList<string> Command, TimeSpan? Interval, TimeSpan Timeout, int FailureThreshold, int SuccessThreshold)
{
    public TimeSpan IntervalWhen(bool healthy) => Interval ?? TimeSpan.FromSeconds(healthy ? 5 : 1);
}

/// <summary>How often a process that ends by itself is started again.</summary>
public sealed record RestartPolicy(int Attempts, TimeSpan Window, TimeSpan Backoff, TimeSpan MaxBackoff)
{
    /// <summary>The wait before the next start, or null when there shall be none.</summary>
    /// <param name="recent">How often it was restarted within the window.</param>
    public TimeSpan? WaitAfter(int recent) => recent >= Attempts
        ? null
        : TimeSpan.FromTicks((long)Math.Min(Backoff.Ticks * Math.Pow(2, recent), Math.Max(MaxBackoff.Ticks, Backoff.Ticks)));
}
