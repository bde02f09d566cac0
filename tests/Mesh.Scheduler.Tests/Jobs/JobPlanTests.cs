using Mesh.Scheduler.Jobs;

namespace Mesh.Scheduler.Tests.Jobs;

public sealed class JobPlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_queued_job_starts_when_its_turn_has_come()
    {
        Assert.True(JobPlan.Decide(Queued(), null, Now).Start);
        Assert.False(JobPlan.Decide(Queued() with { NextAttemptTime = Now.AddSeconds(1) }, null, Now).Start);
    }

    [Fact]
    public void A_started_job_has_a_lease_as_long_as_its_deadline()
    {
        var job = JobPlan.Started(Queued(), Guid.NewGuid(), Now);
        Assert.Equal((JobState.Running, 1, Now.AddMinutes(10)), (job.State, job.Attempts, job.LeaseTime));
    }

    [Fact]
    public void Exit_code_0_is_success()
    {
        var after = JobPlan.Decide(Running(), Attempt(AllocationState.Stopped), Now).After;
        Assert.Equal((JobState.Succeeded, Now), (after.State, after.EndTime));
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 10)]
    [InlineData(3, 20)]
    public void A_failed_attempt_is_repeated_after_a_wait_that_doubles(int attempts, int seconds)
    {
        var after = JobPlan.Decide(Running() with { Attempts = attempts, MaxAttempts = 9 }, Attempt(AllocationState.Failed, 7), Now).After;
        Assert.Equal((JobState.Queued, Now.AddSeconds(seconds), 7), (after.State, after.NextAttemptTime, after.ExitCode));
    }

    [Fact]
    public void The_last_failed_attempt_makes_a_dead_letter()
    {
        var after = JobPlan.Decide(Running() with { Attempts = 3 }, Attempt(AllocationState.Failed, 7), Now).After;
        Assert.Equal((JobState.Dead, Now), (after.State, after.EndTime));
        Assert.Contains("exit code 7", after.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_attempt_beyond_its_deadline_is_stopped_and_counts_as_failed()
    {
        var plan = JobPlan.Decide(Running() with { LeaseTime = Now }, Attempt(AllocationState.Running), Now);
        Assert.True(plan.Stop);
        var stopped = Attempt(AllocationState.Stopped) with { Desired = Desired.Stop };
        var after = JobPlan.Decide(plan.After, stopped, Now).After;
        Assert.Equal(JobState.Queued, after.State);
        Assert.Contains("deadline", after.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lost_attempt_must_not_come_back()
    {
        var plan = JobPlan.Decide(Running(), Attempt(AllocationState.Lost), Now);
        Assert.Equal((JobState.Queued, true), (plan.After.State, plan.Stop));
    }

    [Fact]
    public void A_cancelled_job_stops_its_attempt_first_and_then_ends()
    {
        var plan = JobPlan.Decide(Running() with { Cancelled = true }, Attempt(AllocationState.Running), Now);
        Assert.Equal((JobState.Running, true), (plan.After.State, plan.Stop));
        var stopped = Attempt(AllocationState.Stopped) with { Desired = Desired.Stop };
        Assert.Equal(JobState.Cancelled, JobPlan.Decide(plan.After, stopped, Now).After.State);
        Assert.Equal(JobState.Cancelled, JobPlan.Decide(Queued() with { Cancelled = true }, null, Now).After.State);
    }

    [Fact]
    public void Waiting_for_a_node_costs_no_attempt()
    {
        var job = JobPlan.Waiting(Queued(), "There is no node.", Now);
        Assert.Equal((JobState.Queued, 0), (job.State, job.Attempts));
        Assert.True(job.NextAttemptTime > Now);
    }

    private static Job Queued() => new()
    {
        MaxAttempts = 3, Deadline = TimeSpan.FromMinutes(10), Backoff = TimeSpan.FromSeconds(5), State = JobState.Queued,
        NextAttemptTime = Now,
    };

    private static Job Running() => Queued() with { State = JobState.Running, Attempts = 1, LeaseTime = Now.AddMinutes(5) };

    private static JobAttempt Attempt(AllocationState state, int exitCode = 0) => new(Guid.NewGuid(), Desired.Run, state) { ExitCode = exitCode };
}
