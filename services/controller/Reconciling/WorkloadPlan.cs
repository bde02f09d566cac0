using Google.Protobuf.WellKnownTypes;
using Mesh.Controller.Apps;
using Mesh.Controller.Deployments;
using Mesh.Controller.Releases;
using Mesh.Scheduler.V1;

namespace Mesh.Controller.Reconciling;

/// <summary>One process type of a deployment, as the scheduler shall run it.</summary>
public sealed record PlannedProcess(string Type, string Command, Workload Workload);

/// <summary>What a deployment asks of the scheduler: a pure function of what is recorded.</summary>
public static class WorkloadPlan
{
    /// <summary>The workloads that shall exist, by process type; none when the deployment is archived, going, or has no release.</summary>
    public static IReadOnlyList<PlannedProcess> For(
        Deployment deployment, App app, Release? release, IReadOnlyDictionary<string, string> environment)
    {
        if (release is null || deployment.Archived || deployment.Deleting || app.Deleting) return [];
        return
        [
            .. release.Processes.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => new PlannedProcess(
                p.Key, p.Value, Plan(deployment, app, release, environment, p.Key, p.Value))),
        ];
    }

    private static Workload Plan(
        Deployment deployment, App app, Release release, IReadOnlyDictionary<string, string> environment, string type, string command)
    {
        var settings = app.Processes.GetValueOrDefault(type) ?? new ProcessSettings();
        var listens = type == ProcessType.Web;
        var template = new Template
        {
            Image = release.Image,
            Command = { CommandLine.Split(command) },
            Listens = listens,
            MetricsPath = settings.MetricsPath,
            TerminationGrace = settings.TerminationGrace?.ToDuration(),
            RestartMarker = deployment.RestartMarker,
            Resources = new Resources
            {
                CpuMillis = settings.CpuMillis,
                CpuLimitMillis = settings.CpuLimitMillis,
                MemoryBytes = settings.MemoryBytes,
                MemoryLimitBytes = settings.MemoryLimitBytes,
            },
        };
        foreach (var (name, value) in environment) template.Env[name] = value;
        foreach (var (name, value) in deployment.Overrides) template.Env[name] = value;
        template.Env["MESH_APP"] = app.Name.ToString();
        template.Env["MESH_DEPLOYMENT"] = deployment.Id;
        template.Env["MESH_PROCESS"] = type;
        template.Env["MESH_RELEASE"] = $"v{release.Version}";
        if (listens) template.HealthCheck = HealthCheckOf(settings);
        return new Workload
        {
            Name = WorkloadNames.For(deployment.Name, type).ToString(),
            Spec = new WorkloadSpec
            {
                Kind = WorkloadKind.Service,
                Count = deployment.Scale.TryGetValue(type, out var count) ? count : settings.DefaultCount ?? (listens ? 1 : 0),
                Template = template,
                Update = new UpdateStrategy { HealthyDeadline = settings.HealthyDeadline?.ToDuration() },
                Labels = { ["app"] = app.Id, ["deployment"] = deployment.Id, ["process"] = type, ["release"] = $"v{release.Version}" },
            },
        };
    }

    private static HealthCheck HealthCheckOf(ProcessSettings settings) => settings.HealthPath.Length > 0
        ? new HealthCheck { Http = new HealthCheck.Types.HttpCheck { Path = settings.HealthPath } }
        : new HealthCheck { Tcp = new HealthCheck.Types.TcpCheck() };
}
