using Mesh.Scheduler.Rollouts;

namespace Mesh.Scheduler.Tests.Rollouts;

public sealed class RolloutTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void An_empty_workload_starts_all_at_once()
    {
        var plan = Decide(new(3, 1));
        Assert.Equal((3, 1L), (plan.Start, plan.StartRevision));
        Assert.Equal(WorkloadState.Pending, plan.State);
    }

    [Fact]
    public void A_new_revision_starts_within_surge_and_nothing_old_leaves()
    {
        var plan = Decide(Proved(4, 2, 1), [Serving(1), Serving(1), Serving(1), Serving(1)]);
        Assert.Equal((1, 2L), (plan.Start, plan.StartRevision));
        Assert.Empty(plan.Drain.Concat(plan.Stop));
    }

    [Fact]
    public void An_old_one_is_drained_only_when_every_router_knows_the_new_one()
    {
        var fresh = Serving(2) with { PublishedGeneration = 10 };
        var old = Serving(1);
        Assert.Empty(Decide(Proved(1, 2, 1), [old, fresh], acknowledged: 9).Drain);
        Assert.Equal([old.Uid], Decide(Proved(1, 2, 1), [old, fresh], acknowledged: 10).Drain);
    }

    [Fact]
    public void A_drained_one_is_stopped_only_when_every_router_has_forgotten_it()
    {
        var old = Serving(1) with { Desired = Desired.Drain, Published = false, PublishedGeneration = 11 };
        var fresh = Serving(2) with { PublishedGeneration = 10 };
        Assert.Empty(Decide(Proved(1, 2, 1), [old, fresh], acknowledged: 10).Stop);
        Assert.Equal([old.Uid], Decide(Proved(1, 2, 1), [old, fresh], acknowledged: 11).Stop);
        Assert.Empty(Decide(Proved(1, 2, 1), [old with { Published = true }, fresh], acknowledged: 11).Stop);
    }

    [Fact]
    public void Without_a_live_router_nobody_waits()
    {
        var old = Serving(1) with { Desired = Desired.Drain, Published = false, PublishedGeneration = 11 };
        Assert.Equal([old.Uid], Decide(Proved(1, 2, 1), [old, Serving(2)], acknowledged: long.MaxValue).Stop);
    }

    [Fact]
    public void What_does_not_listen_is_stopped_without_routers()
    {
        var old = Working(1);
        var plan = Decide(Proved(1, 2, 1), [old, Working(2)], acknowledged: 0);
        Assert.Equal([old.Uid], plan.Stop);
        Assert.Empty(plan.Drain);
    }

    [Fact]
    public void Unavailability_lets_an_old_one_leave_first()
    {
        var workload = Proved(2, 2, 1) with { MaxSurge = 0, MaxUnavailable = 1 };
        var plan = Decide(workload, [Serving(1), Serving(1)]);
        Assert.Equal((0, 1), (plan.Start, plan.Drain.Count));
    }

    [Fact]
    public void A_revision_that_is_not_healthy_in_time_fails_and_the_old_one_stays()
    {
        var late = New(2) with { CreateTime = Now - TimeSpan.FromMinutes(3), State = AllocationState.Running, Message = "connection refused" };
        var plan = Decide(Proved(1, 2, 1), [Serving(1), late]);
        Assert.Equal(2, plan.Progress.FailedRevision);
        Assert.Equal([late.Uid], plan.Stop);
        Assert.Empty(plan.Drain);
        Assert.Equal(0, plan.Start);
        Assert.Equal(WorkloadState.Failed, plan.State);
        Assert.Equal("Revision 2 failed: connection refused Revision 1 goes on serving.", plan.Message);
    }

    [Fact]
    public void A_first_revision_that_fails_leaves_nothing()
    {
        var late = New(1) with { CreateTime = Now - TimeSpan.FromMinutes(4) };
        var plan = Decide(new(1, 1), [late]);
        Assert.Equal([late.Uid], plan.Stop);
        Assert.Equal((0, WorkloadState.Failed), (plan.Start, plan.State));
        Assert.Equal(WorkloadState.Failed, Decide(new(1, 1) { Progress = plan.Progress }).State);
    }

    [Fact]
    public void The_plan_says_when_the_deadline_is()
    {
        var young = New(1) with { CreateTime = Now - TimeSpan.FromMinutes(1) };
        Assert.Equal(Now + TimeSpan.FromMinutes(2), Decide(new(1, 1), [young]).WakeTime);
    }

    [Fact]
    public void A_failed_allocation_is_replaced_after_a_wait_that_doubles()
    {
        var failed = New(1) with { State = AllocationState.Failed, Message = "exit code 1" };
        var plan = Decide(Proved(1, 1, 1), [failed]);
        Assert.Equal((0, Now.AddSeconds(1)), (plan.Start, plan.WakeTime));
        Assert.Equal([failed.Uid], plan.Account);
        Assert.Contains("exit code 1", plan.Message, StringComparison.Ordinal);

        var later = Decide(Proved(1, 1, 1) with { Progress = plan.Progress }, [], now: Now.AddSeconds(1));
        Assert.Equal(1, later.Start);
        var again = Decide(Proved(1, 1, 1) with { Progress = plan.Progress }, [failed], now: Now.AddSeconds(2));
        Assert.Equal(Now.AddSeconds(4), again.WakeTime);
    }

    [Fact]
    public void An_unproved_revision_that_keeps_ending_fails_by_its_deadline()
    {
        var progress = new RolloutProgress { StableRevision = 1, Failures = 5, RetryTime = Now, FailingSince = Now.AddMinutes(-3), Reason = "exit code 1" };
        var plan = Decide(new(1, 2) { Progress = progress }, [Serving(1)]);
        Assert.Equal((2L, 0), (plan.Progress.FailedRevision, plan.Start));
        Assert.Contains("exit code 1", plan.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scaling_down_drains_the_newest_and_keeps_the_count()
    {
        var oldest = Serving(1) with { CreateTime = Now.AddHours(-2) };
        var newest = Serving(1) with { CreateTime = Now.AddHours(-1) };
        var plan = Decide(Proved(1, 1, 1), [oldest, newest]);
        Assert.Equal([newest.Uid], plan.Drain);
    }

    [Fact]
    public void Scaling_to_zero_drains_all_and_then_reports_stopped()
    {
        Assert.Equal(2, Decide(Proved(0, 1, 1), [Serving(1), Serving(1)]).Drain.Count);
        Assert.Equal(WorkloadState.Stopped, Decide(Proved(0, 1, 1)).State);
    }

    [Fact]
    public void Stopping_ends_with_the_workload_gone()
    {
        var stopping = Proved(2, 1, 1) with { Stopping = true };
        var plan = Decide(stopping, [Serving(1), New(1)]);
        Assert.Equal((1, 1, false), (plan.Drain.Count, plan.Stop.Count, plan.Gone));
        Assert.True(Decide(stopping).Gone);
    }

    [Fact]
    public void A_node_that_is_drained_is_left_only_after_the_replacement_serves()
    {
        var moving = Serving(1) with { MustMove = true };
        Assert.Equal((1, 0), Sum(Decide(Proved(1, 1, 1), [moving])));
        Assert.Equal((0, 1), Sum(Decide(Proved(1, 1, 1), [moving, Serving(1)])));
    }

    [Fact]
    public void Running_means_all_serve_and_nothing_old_is_left()
    {
        var plan = Decide(new(2, 1), [Serving(1), Serving(1)]);
        Assert.Equal((WorkloadState.Running, 1L), (plan.State, plan.Progress.StableRevision));
        var leaving = Serving(1) with { Desired = Desired.Stop, Revision = 0 };
        Assert.Equal(WorkloadState.Pending, Decide(Proved(1, 1, 1), [Serving(1), leaving]).State);
    }

    [Fact]
    public void Lost_ones_are_named_so_that_those_replaced_do_not_come_back()
    {
        var lost = New(1) with { State = AllocationState.Lost, Accounted = true };
        var plan = Decide(Proved(1, 1, 1), [lost]);
        Assert.Equal(1, plan.Start);
        Assert.Equal([lost.Uid], plan.Replaces);
    }

    private static (int Start, int Drain) Sum(RolloutPlan plan) => (plan.Start, plan.Drain.Count);

    private static RolloutPlan Decide(
        RolloutWorkload workload, RolloutAllocation[]? allocations = null, long acknowledged = 100, DateTimeOffset? now = null) =>
        Rollout.Decide(workload, allocations ?? [], acknowledged, now ?? Now);

    private static RolloutWorkload Proved(int count, long revision, long stable) =>
        new(count, revision) { Progress = new() { StableRevision = stable } };

    private static RolloutAllocation New(long revision) =>
        new(Guid.CreateVersion7(), revision, Desired.Run, AllocationState.Starting, Now.AddSeconds(-5)) { Listens = true };

    private static RolloutAllocation Working(long revision) =>
        New(revision) with { State = AllocationState.Running, Healthy = true, HealthyTime = Now.AddSeconds(-2), Listens = false };

    private static RolloutAllocation Serving(long revision) =>
        Working(revision) with { Listens = true, Published = true, PublishedGeneration = 5 };
}
