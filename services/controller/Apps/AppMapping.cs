using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Errors;
using Mesh.Common.Paging;

namespace Mesh.Controller.Apps;

internal static class AppMapping
{
    private static readonly TimeSpan s_longestGrace = TimeSpan.FromMinutes(10);

    public static V1.App ToWire(this App app, AppAddress address) => new()
    {
        Name = app.Name.ToString(),
        Uid = app.Uid.ToString(),
        DisplayName = app.DisplayName,
        Labels = { app.Labels },
        Processes = { app.Processes.ToDictionary(p => p.Key, p => p.Value.ToWire()) },
        Maintenance = app.Maintenance,
        Url = address.UrlOf(app.Name),
        GitUrl = address.GitUrlOf(app.Name),
        State = app.Deleting ? V1.App.Types.State.Deleting : V1.App.Types.State.Active,
        LatestRelease = app.LatestRelease == 0 ? "" : $"{app.Name}/releases/{app.LatestRelease}",
        Etag = ETag.Of(app.Revision),
        CreateTime = app.CreateTime.ToTimestamp(),
        UpdateTime = app.UpdateTime.ToTimestamp(),
    };

    public static Dictionary<string, ProcessSettings> ToDomain(MapField<string, V1.ProcessSettings> processes, string field)
    {
        foreach (var type in processes.Keys) ProcessType.Check(type, field);
        return processes.ToDictionary(p => p.Key, p => ToDomain(p.Value, $"{field}[{p.Key}]"));
    }

    private static V1.ProcessSettings ToWire(this ProcessSettings settings)
    {
        var wire = new V1.ProcessSettings
        {
            HealthPath = settings.HealthPath,
            TerminationGrace = settings.TerminationGrace?.ToDuration(),
            CpuMillis = settings.CpuMillis,
            CpuLimitMillis = settings.CpuLimitMillis,
            MemoryBytes = settings.MemoryBytes,
            MemoryLimitBytes = settings.MemoryLimitBytes,
            MetricsPath = settings.MetricsPath,
            HealthyDeadline = settings.HealthyDeadline?.ToDuration(),
        };
        if (settings.DefaultCount is { } count) wire.DefaultCount = count;
        return wire;
    }

    private static ProcessSettings ToDomain(V1.ProcessSettings wire, string field)
    {
        var violations = new List<FieldViolation>();
        void Demand(bool holds, string name, string sentence)
        {
            if (!holds) violations.Add(new($"{field}.{name}", sentence));
        }

        Demand(wire.DefaultCount is >= 0 and <= 1000, "default_count", "A count lies between 0 and 1,000.");
        Demand(IsPath(wire.HealthPath), "health_path", "A path begins with one `/`.");
        Demand(IsPath(wire.MetricsPath), "metrics_path", "A path begins with one `/`.");
        Demand(wire.CpuMillis >= 0 && wire.CpuLimitMillis >= 0, "cpu_millis", "CPU is not negative.");
        Demand(wire.MemoryBytes >= 0 && wire.MemoryLimitBytes >= 0, "memory_bytes", "Memory is not negative.");
        Demand(wire.TerminationGrace is null || IsWithin(wire.TerminationGrace), "termination_grace", "The grace is at most 10 min.");
        Demand(wire.HealthyDeadline is null || IsWithin(wire.HealthyDeadline), "healthy_deadline", "The deadline is at most 10 min.");
        Demand(Limits.IsText(wire.HealthPath), "health_path", "A path has no NUL.");
        Demand(Limits.IsText(wire.MetricsPath), "metrics_path", "A path has no NUL.");
        if (violations.Count > 0) throw MeshException.InvalidArgument(violations);
        return new ProcessSettings
        {
            DefaultCount = wire.HasDefaultCount ? wire.DefaultCount : null,
            HealthPath = wire.HealthPath,
            TerminationGrace = wire.TerminationGrace?.ToTimeSpan(),
            CpuMillis = wire.CpuMillis,
            CpuLimitMillis = wire.CpuLimitMillis,
            MemoryBytes = wire.MemoryBytes,
            MemoryLimitBytes = wire.MemoryLimitBytes,
            MetricsPath = wire.MetricsPath,
            HealthyDeadline = wire.HealthyDeadline?.ToTimeSpan(),
        };
    }

    // With two slashes it could be taken for another host's address.
    private static bool IsPath(string path) => path.Length == 0 || (path[0] == '/' && !path.StartsWith("//", StringComparison.Ordinal));

    private static bool IsWithin(Duration duration) => duration is { Seconds: >= 0 and < 1 << 20, Nanos: >= 0 and < 1_000_000_000 } && duration.ToTimeSpan() <= s_longestGrace;
}
