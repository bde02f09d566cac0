using Mesh.Controller.Deployments;
using Mesh.Controller.Reconciling;
using Mesh.Scheduler.V1;

namespace Mesh.Controller.Tests.Reconciling;

/// <summary>Every combination of what can be recorded with what can be found, against the rules one by one.</summary>
public sealed class DeploymentOutcomeTests
{
    private static readonly PlannedProcess s_web = new("web", "", new Workload { Name = "tenants/acme/workloads/shop-production-web" });
    private static readonly ProcessStatus s_leaving = new("worker", "", "tenants/acme/workloads/shop-production-worker", 0, 1, 0, "Is being stopped.");

    public static TheoryData<DeploymentState> States => [.. Enum.GetValues<DeploymentState>()];

    [Theory]
    [MemberData(nameof(States))]
    public void Every_combination_follows_the_rules(DeploymentState before)
    {
        foreach (var archived in new[] { false, true })
        foreach (var deleting in new[] { false, true })
        foreach (var release in new long[] { 0, 1, 2 })
        foreach (var running in new long[] { 0, 1, 2 })
        foreach (var refusal in new[] { "", "web: No." })
        foreach (var stopping in new[] { false, true })
        foreach (var found in Enum.GetValues<Workload.Types.State>())
        foreach (var count in new[] { 0, 1 })
        {
            var deployment = new Deployment
            {
                Tenant = "acme", App = "shop", Id = "production", State = before, Archived = archived, Deleting = deleting, Release = release,
                RunningRelease = running,
            };
            var runs = release != 0 && !archived && !deleting && refusal.Length == 0;
            var workload = new Workload { Name = s_web.Workload.Name, State = found, Spec = new WorkloadSpec { Count = count } };
            var seen = new Observation(runs ? [(s_web, workload)] : [], stopping ? [s_leaving] : [], refusal);
            var after = DeploymentOutcome.Of(deployment, seen);
            var expected = Expected(deployment, runs ? workload : null, stopping, refusal.Length > 0);
            Assert.True(expected == (after.State, after.FailureReason), $"{deployment}, {workload}, stopping {stopping}, refusal '{refusal}': {after.State}");
            Assert.Equal(after.State == DeploymentState.Running ? release : running, after.RunningRelease);
            Assert.NotEmpty(after.Message);
            Assert.Equal(seen.Running.Count + seen.Stopping.Count, after.Status.Count);
            Assert.Equal(deployment, after with { State = before, FailureReason = default, Message = "", RunningRelease = running, Status = deployment.Status });
        }
    }

    [Theory]
    [InlineData(2, 1, "web: Exit code 1. Release v1 goes on serving.")]
    [InlineData(2, 2, "web: Exit code 1.")]
    [InlineData(2, 0, "web: Exit code 1.")]
    public void A_failure_says_what_serves_meanwhile(long release, long running, string message)
    {
        var deployment = new Deployment { Release = release, RunningRelease = running };
        var workload = new Workload { State = Workload.Types.State.Failed, Message = "Exit code 1", Spec = new WorkloadSpec { Count = 1 } };
        Assert.Equal(message, DeploymentOutcome.Of(deployment, new([(s_web, workload)], [], "")).Message);
    }

    [Fact]
    public void A_workload_whose_change_was_refused_is_not_forgotten()
    {
        var deployment = new Deployment { Release = 2, RunningRelease = 1, Status = [s_leaving] };
        var after = DeploymentOutcome.Of(deployment, new([], [], "worker: Too much memory."));
        Assert.Equal((DeploymentState.Failure, s_leaving), (after.State, Assert.Single(after.Status)));
    }

    [Fact]
    public void Progress_is_told_in_numbers()
    {
        var workload = new Workload { State = Workload.Types.State.Pending, Spec = new(), Rollout = new() { Desired = 3, Healthy = 1, Old = 2 } };
        var after = DeploymentOutcome.Of(new Deployment { Release = 2, RunningRelease = 1 }, new([(s_web, workload)], [], ""));
        Assert.Equal("web: 1 of 3 healthy.", after.Message);
        Assert.Equal((3, 1, 2), (after.Status[0].Desired, after.Status[0].Healthy, after.Status[0].Old));
    }

    [Theory]
    [InlineData(DeploymentState.CreatePending, 0, ActionState.Succeeded)]
    [InlineData(DeploymentState.CreatePending, 1, ActionState.Running)]
    [InlineData(DeploymentState.UpdatePending, 1, ActionState.Running)]
    [InlineData(DeploymentState.Running, 1, ActionState.Succeeded)]
    [InlineData(DeploymentState.Failure, 1, ActionState.Failed)]
    [InlineData(DeploymentState.ArchivePending, 1, ActionState.Running)]
    [InlineData(DeploymentState.Archived, 1, ActionState.Succeeded)]
    public void A_state_tells_how_its_operation_stands(DeploymentState state, long release, ActionState action) =>
        Assert.Equal(action, DeploymentOutcome.ActionStateOf(new Deployment { State = state, Release = release }));

    [Theory]
    [MemberData(nameof(States))]
    public void What_is_pending_is_looked_at_sooner(DeploymentState state)
    {
        var pending = state is DeploymentState.CreatePending or DeploymentState.UpdatePending or DeploymentState.ArchivePending;
        Assert.Equal(TimeSpan.FromSeconds(pending ? 2 : 15), DeploymentOutcome.NextCheck(state));
    }

    private static (DeploymentState, FailureReason) Expected(Deployment before, Workload? found, bool stopping, bool refused)
    {
        if (before.Archived || before.Deleting) return (stopping ? DeploymentState.ArchivePending : DeploymentState.Archived, FailureReason.None);
        if (before.Release == 0) return (DeploymentState.CreatePending, FailureReason.None);
        if (refused || found!.State == Workload.Types.State.Failed) return (DeploymentState.Failure, FailureReason.Generic);
        var settled = found.State == Workload.Types.State.Running || (found.State == Workload.Types.State.Stopped && found.Spec.Count == 0);
        var wasWhole = before.State is DeploymentState.Running or DeploymentState.Failure && before.RunningRelease == before.Release;
        if (!settled && wasWhole) return (DeploymentState.Failure, FailureReason.PartialAvailability);
        if (settled && !stopping) return (DeploymentState.Running, FailureReason.None);
        return (before.RunningRelease == 0 ? DeploymentState.CreatePending : DeploymentState.UpdatePending, FailureReason.None);
    }
}
