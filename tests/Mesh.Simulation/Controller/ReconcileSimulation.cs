using Mesh.Controller.Apps;
using Mesh.Controller.Deployments;
using Mesh.Controller.Reconciling;
using Mesh.Controller.Releases;
using Mesh.Scheduler.V1;

namespace Mesh.Simulation.Controller;

/// <summary>
/// People change a deployment at random while the reconciler plans and judges, and the scheduler is as slow or as broken as it likes.
/// Once both leave it alone, the deployment comes to rest where its records say.
/// </summary>
public sealed class ReconcileSimulation
{
    private static readonly Dictionary<string, string> s_noEnvironment = [];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 200)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_deployment_left_alone_comes_to_rest_as_recorded(int seed)
    {
        var random = new Random(seed);
        var app = new App { Tenant = "acme", Id = "shop" };
        var deployment = new Deployment { Tenant = "acme", App = "shop", Id = "production" };
        var scheduler = new Dictionary<string, Workload>();
        var releases = Enumerable.Range(1, 4).Select(i => Release(i, random)).ToArray();
        for (var step = 0; step < 60; step++)
        {
            deployment = Change(deployment, releases, random);
            foreach (var name in scheduler.Keys.Where(_ => random.Next(3) == 0).ToArray()) Move(scheduler, name, random);
            var before = deployment;
            deployment = Reconcile(deployment, app, releases, scheduler);
            Assert.True(deployment.RunningRelease == before.RunningRelease || deployment.State == DeploymentState.Running, $"seed {seed}, step {step}");
            Assert.True(scheduler.Keys.All(name => deployment.Status.Any(s => s.Workload == name)), $"seed {seed}, step {step}: a workload is forgotten");
        }

        for (var step = 0; step < 6; step++)
        {
            foreach (var name in scheduler.Keys.ToArray()) Settle(scheduler, name);
            deployment = Reconcile(deployment, app, releases, scheduler);
        }
        var expected = deployment.Archived ? DeploymentState.Archived : deployment.Release == 0 ? DeploymentState.CreatePending : DeploymentState.Running;
        Assert.True(expected == deployment.State, $"seed {seed}: {deployment.State}, {deployment.Message}");
        string[] types = expected == DeploymentState.Running ? [.. releases[deployment.Release - 1].Processes.Keys] : [];
        Assert.Equal(types.Order(StringComparer.Ordinal), deployment.Status.Select(s => s.Type).Order(StringComparer.Ordinal));
        Assert.Equal(types.Length, scheduler.Count);
        if (expected == DeploymentState.Running) Assert.Equal(deployment.Release, deployment.RunningRelease);
    }

    /// <summary>What the reconciler does with its two pure functions: applies what is planned, stops what is not, judges what it sees.</summary>
    private static Deployment Reconcile(Deployment deployment, App app, Release[] releases, Dictionary<string, Workload> scheduler)
    {
        var release = deployment.Release == 0 ? null : releases[deployment.Release - 1];
        var planned = WorkloadPlan.For(deployment, app, release, s_noEnvironment);
        foreach (var workload in planned.Select(p => p.Workload))
        {
            if (scheduler.TryGetValue(workload.Name, out var known) && known.Spec.Equals(workload.Spec)) continue;
            scheduler[workload.Name] = new Workload { Name = workload.Name, Spec = workload.Spec, State = Workload.Types.State.Pending };
        }
        var stopping = deployment.Status.Where(s => planned.All(p => p.Workload.Name != s.Workload) && scheduler.ContainsKey(s.Workload)).ToList();
        foreach (var status in stopping) scheduler[status.Workload].State = Workload.Types.State.Stopping;
        return DeploymentOutcome.Of(deployment, new([.. planned.Select(p => (p, scheduler[p.Workload.Name]))], stopping, ""));
    }

    private static Deployment Change(Deployment deployment, Release[] releases, Random random) => random.Next(8) switch
    {
        0 => deployment with { Release = releases[random.Next(releases.Length)].Version },
        1 => deployment with { Scale = new() { ["web"] = random.Next(3), ["worker"] = random.Next(3) } },
        2 => deployment with { Archived = !deployment.Archived },
        3 => deployment with { RestartMarker = $"{random.Next(3)}" },
        _ => deployment,
    };

    private static void Move(Dictionary<string, Workload> scheduler, string name, Random random)
    {
        if (scheduler[name].State == Workload.Types.State.Stopping) scheduler.Remove(name);
        else scheduler[name].State = random.Next(3) switch { 0 => Workload.Types.State.Failed, 1 => Workload.Types.State.Pending, _ => Workload.Types.State.Running };
    }

    private static void Settle(Dictionary<string, Workload> scheduler, string name)
    {
        if (scheduler[name].State == Workload.Types.State.Stopping) scheduler.Remove(name);
        else scheduler[name].State = scheduler[name].Spec.Count == 0 ? Workload.Types.State.Stopped : Workload.Types.State.Running;
    }

    private static Release Release(int version, Random random)
    {
        var types = new[] { "web", "worker", "clock" }.Where(_ => random.Next(2) == 0).DefaultIfEmpty("web");
        return new Release { Tenant = "acme", App = "shop", Version = version, Processes = types.ToDictionary(t => t, _ => "") };
    }
}
