namespace Mesh.Controller.Apps;

/// <summary>How the processes of one type are run. Zero and empty mean the default.</summary>
public sealed record ProcessSettings
{
    public int? DefaultCount { get; init; }
    public string HealthPath { get; init; } = "";
    public TimeSpan? TerminationGrace { get; init; }
    public int CpuMillis { get; init; }
    public int CpuLimitMillis { get; init; }
    public long MemoryBytes { get; init; }
    public long MemoryLimitBytes { get; init; }
    public string MetricsPath { get; init; } = "";
    public TimeSpan? HealthyDeadline { get; init; }
}
