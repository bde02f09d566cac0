using Mesh.Controller.Apps;
using Mesh.Controller.Deployments;
using Mesh.Controller.Reconciling;
using Mesh.Controller.Releases;
using Mesh.Scheduler.V1;

namespace Mesh.Controller.Tests.Reconciling;

public sealed class WorkloadPlanTests
{
    private static readonly Dictionary<string, string> s_noEnvironment = [];

    private readonly App _app = new() { Tenant = "acme", Id = "shop" };
    private readonly Deployment _deployment = new() { Tenant = "acme", App = "shop", Id = "production", Release = 3 };
    private readonly Release _release = new()
    {
        Tenant = "acme", App = "shop", Version = 3, Image = "acme/shop@sha256:1",
        Processes = new() { ["worker"] = "node worker.js", ["web"] = "", ["clock"] = "a && b" },
    };

    [Fact]
    public void Nothing_is_planned_for_what_shall_not_run()
    {
        Assert.Empty(WorkloadPlan.For(_deployment, _app, null, s_noEnvironment));
        Assert.Empty(WorkloadPlan.For(_deployment with { Archived = true }, _app, _release, s_noEnvironment));
        Assert.Empty(WorkloadPlan.For(_deployment with { Deleting = true }, _app, _release, s_noEnvironment));
        Assert.Empty(WorkloadPlan.For(_deployment, _app with { Deleting = true }, _release, s_noEnvironment));
    }

    [Fact]
    public void Each_process_type_is_a_workload_in_the_order_of_names()
    {
        var planned = WorkloadPlan.For(_deployment, _app, _release, s_noEnvironment);
        Assert.Equal(["clock", "web", "worker"], planned.Select(p => p.Type));
        Assert.All(planned, p => Assert.Equal("acme/shop@sha256:1", p.Workload.Spec.Template.Image));
        Assert.Equal(["/bin/sh", "-c", "a && b"], planned[0].Workload.Spec.Template.Command);
        Assert.Empty(planned[1].Workload.Spec.Template.Command);
        Assert.Equal(["node", "worker.js"], planned[2].Workload.Spec.Template.Command);
    }

    [Fact]
    public void Only_web_listens_and_is_checked()
    {
        foreach (var planned in WorkloadPlan.For(_deployment, _app, _release, s_noEnvironment))
        {
            var template = planned.Workload.Spec.Template;
            Assert.Equal(planned.Type == "web", template.Listens);
            Assert.Equal(planned.Type == "web", template.HealthCheck?.Tcp is not null);
        }
    }

    [Theory]
    [InlineData("web", null, null, 1)]
    [InlineData("worker", null, null, 0)]
    [InlineData("web", 3, null, 3)]
    [InlineData("worker", 2, null, 2)]
    [InlineData("web", 3, 0, 0)]
    [InlineData("worker", null, 5, 5)]
    public void The_count_is_the_scale_then_the_default_then_one_for_web(string type, int? byDefault, int? scale, int count)
    {
        var app = _app with { Processes = new() { [type] = new ProcessSettings { DefaultCount = byDefault } } };
        var deployment = scale is { } given ? _deployment with { Scale = new() { [type] = given } } : _deployment;
        Assert.Equal(count, Spec(deployment, app, type).Count);
    }

    [Fact]
    public void Overrides_win_over_the_environment_and_mesh_over_both()
    {
        var deployment = _deployment with { Overrides = new() { ["MODE"] = "slow", ["MESH_APP"] = "forged" } };
        var environment = new Dictionary<string, string> { ["MODE"] = "fast", ["DEPTH"] = "1", ["MESH_RELEASE"] = "forged" };
        var template = WorkloadPlan.For(deployment, _app, _release, environment).Single(p => p.Type == "web").Workload.Spec.Template;
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["MODE"] = "slow", ["DEPTH"] = "1", ["MESH_APP"] = "tenants/acme/apps/shop", ["MESH_DEPLOYMENT"] = "production",
                ["MESH_PROCESS"] = "web", ["MESH_RELEASE"] = "v3",
            },
            template.Env.ToDictionary());
    }

    [Fact]
    public void Settings_reach_the_scheduler()
    {
        var settings = new ProcessSettings
        {
            HealthPath = "/healthz", TerminationGrace = TimeSpan.FromSeconds(7), CpuMillis = 100, CpuLimitMillis = 200, MemoryBytes = 1 << 20,
            MemoryLimitBytes = 1 << 21, MetricsPath = "/metrics", HealthyDeadline = TimeSpan.FromSeconds(90),
        };
        var spec = Spec(_deployment with { RestartMarker = "m" }, _app with { Processes = new() { ["web"] = settings } }, "web");
        Assert.Equal("/healthz", spec.Template.HealthCheck.Http.Path);
        Assert.Equal(TimeSpan.FromSeconds(7), spec.Template.TerminationGrace.ToTimeSpan());
        Assert.Equal(TimeSpan.FromSeconds(90), spec.Update.HealthyDeadline.ToTimeSpan());
        Assert.Equal("/metrics", spec.Template.MetricsPath);
        Assert.Equal("m", spec.Template.RestartMarker);
        var resources = new Resources { CpuMillis = 100, CpuLimitMillis = 200, MemoryBytes = 1 << 20, MemoryLimitBytes = 1 << 21 };
        Assert.Equal(resources, spec.Template.Resources);
    }

    [Fact]
    public void The_same_records_give_the_same_plan() => Assert.Equal(
        WorkloadPlan.For(_deployment, _app, _release, s_noEnvironment), WorkloadPlan.For(_deployment, _app, _release, s_noEnvironment));

    private WorkloadSpec Spec(Deployment deployment, App app, string type) =>
        WorkloadPlan.For(deployment, app, _release, s_noEnvironment).Single(p => p.Type == type).Workload.Spec;
}
