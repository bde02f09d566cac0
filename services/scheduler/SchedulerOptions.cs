using Mesh.Common.Hosting;

namespace Mesh.Scheduler;

/// <summary>The scheduler's own settings, `MESH_SCHEDULER_…`.</summary>
public sealed record SchedulerOptions
{
    /// <summary>MESH_SCHEDULER_LOST_SECONDS: after this long a node whose agent is away counts as lost.</summary>
    public TimeSpan LostAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>MESH_SCHEDULER_SILENCE_SECONDS: after this long without any message a stream counts as broken.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>MESH_SCHEDULER_ROUTER_GRACE_SECONDS: for this long a router that went away is still waited for.</summary>
    public TimeSpan RouterGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>MESH_SCHEDULER_KEEP_HOURS: for this long allocations and jobs that have ended are kept.</summary>
    public TimeSpan KeepEnded { get; init; } = TimeSpan.FromHours(24);

    public static SchedulerOptions Read(IConfiguration configuration)
    {
        var read = new ConfigurationReader(configuration);
        var defaults = new SchedulerOptions();
        return new SchedulerOptions
        {
            LostAfter = Seconds(read.Number("MESH_SCHEDULER_LOST_SECONDS", 1, 3600)) ?? defaults.LostAfter,
            Silence = Seconds(read.Number("MESH_SCHEDULER_SILENCE_SECONDS", 1, 600)) ?? defaults.Silence,
            RouterGrace = Seconds(read.Number("MESH_SCHEDULER_ROUTER_GRACE_SECONDS", 0, 600)) ?? defaults.RouterGrace,
            KeepEnded = read.Number("MESH_SCHEDULER_KEEP_HOURS", 1, 8760) is { } hours ? TimeSpan.FromHours(hours) : defaults.KeepEnded,
        };
    }

    private static TimeSpan? Seconds(int? seconds) => seconds is { } number ? TimeSpan.FromSeconds(number) : null;
}
