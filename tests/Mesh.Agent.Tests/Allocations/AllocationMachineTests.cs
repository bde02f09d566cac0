using Mesh.Agent.Allocations;
using Mesh.Agent.Runtime.Shim;
using static Mesh.Agent.Allocations.AllocationEvent;
using static Mesh.Agent.Allocations.AllocationPhase;

namespace Mesh.Agent.Tests.Allocations;

public sealed class AllocationMachineTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_service_is_pulled_launched_checked_and_serves()
    {
        var life = new Life(Specs.Service());
        Assert.Equal(AllocationAction.Pull, life.On(new Ticked()));
        Assert.Equal(AllocationAction.Launch, life.On(new Pulled(null, false)));
        life.On(new Launching(20001));
        life.On(new Started(new ShimStart(7, 0, life.Now)));
        Assert.False(life.At.Healthy);
        life.On(new Checked(life.Now, null));

        Assert.Equal(Running, life.At.Phase);
        Assert.True(life.At.Healthy);
        Assert.Equal(20001, life.At.Port);
    }

    [Fact]
    public void An_image_that_cannot_be_fetched_now_is_tried_again_with_growing_waits_and_one_that_never_can_fails()
    {
        var life = new Life(Specs.Service());
        List<double> waits = [];
        for (var i = 0; i < 7; i++)
        {
            life.On(new Ticked());
            Assert.Equal(Pulling, life.At.Phase);
            life.On(new Pulled("away", false));
            waits.Add((life.At.DueTime!.Value - life.Now).TotalSeconds);
            life.Pass(life.At.DueTime.Value - life.Now);
        }

        Assert.Equal([1, 2, 4, 8, 16, 30, 30], waits);
        life.On(new Ticked());
        Assert.Equal(AllocationAction.Clean, life.On(new Pulled("no such image", true)));
        life.On(new Cleaned());
        Assert.Equal(Failed, life.At.Phase);
    }

    [Fact]
    public void A_process_that_keeps_ending_is_restarted_with_growing_waits_until_it_fails()
    {
        var life = new Life(Specs.Service() with { Restart = new(3, TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)) });
        List<double> waits = [];
        life.Run();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(AllocationAction.Clean, life.On(new Ended(life.Exit(1))));
            life.On(new Cleaned());
            Assert.Equal(Restarting, life.At.Phase);
            waits.Add((life.At.DueTime!.Value - life.Now).TotalSeconds);
            Assert.Equal(AllocationAction.None, life.On(new Ticked()));
            life.Pass(life.At.DueTime.Value - life.Now);
            life.Run();
        }

        life.On(new Ended(life.Exit(1)));
        life.On(new Cleaned());
        Assert.Equal([1, 2, 3], waits);
        Assert.Equal(Failed, life.At.Phase);
        Assert.Equal(3, life.At.Restarts);
        Assert.Equal(1, life.At.ExitCode);
    }

    [Fact]
    public void Restarts_long_ago_do_not_count()
    {
        var life = new Life(Specs.Service() with { Restart = new(1, TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)) });
        for (var i = 0; i < 5; i++)
        {
            life.Run();
            life.Pass(TimeSpan.FromMinutes(6));
            life.On(new Ended(life.Exit(0)));
            life.On(new Cleaned());
            Assert.Equal(Restarting, life.At.Phase);
            life.Pass(TimeSpan.FromSeconds(2));
        }
    }

    [Fact]
    public void A_job_that_ended_well_is_done()
    {
        var life = new Life(Specs.Service() with { RunsToCompletion = true });
        life.Run();
        life.On(new Ended(life.Exit(0)));
        life.On(new Cleaned());

        Assert.Equal(Stopped, life.At.Phase);
        Assert.Equal(0, life.At.ExitCode);
    }

    [Fact]
    public void Stop_asks_waits_for_the_grace_and_kills()
    {
        var life = new Life(Specs.Service());
        life.Run();
        Assert.Equal(AllocationAction.Terminate, life.On(new StopWanted()));
        Assert.Equal(AllocationAction.None, life.On(new Ticked()));
        life.Pass(TimeSpan.FromSeconds(10));
        Assert.Equal(AllocationAction.Kill, life.On(new Ticked()));
        Assert.Equal(AllocationAction.Clean, life.On(new Ended(life.Exit(137, 9))));
        life.On(new Cleaned());

        Assert.Equal(Stopped, life.At.Phase);
        Assert.StartsWith("Killed", life.At.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_that_is_being_started_is_stopped_once_it_is_there()
    {
        var life = new Life(Specs.Service());
        life.On(new Ticked());
        life.On(new Pulled(null, false));
        Assert.Equal(AllocationAction.None, life.On(new StopWanted()));
        Assert.Equal(AllocationAction.Terminate, life.On(new Started(new ShimStart(7, 0, life.Now))));
    }

    [Fact]
    public void What_was_stopped_with_its_agent_begins_anew_with_the_next()
    {
        var life = new Life(Specs.Service());
        life.Run();
        Assert.Equal(AllocationAction.Terminate, life.On(new SuspendWanted()));
        Assert.Equal(AllocationAction.Clean, life.On(new Ended(life.Exit(143, 15))));
        life.On(new Cleaned());

        Assert.True(life.At.IsAtRest);
        Assert.False(life.At.IsFinal);
        Assert.Equal(AllocationAction.None, life.On(new Ticked()));
    }

    [Fact]
    public void A_check_of_an_earlier_run_says_nothing_about_this_one()
    {
        var life = new Life(Specs.Service());
        life.Run();
        life.On(new Checked(life.Now - TimeSpan.FromSeconds(1), null));

        Assert.False(life.At.Healthy);
    }

    [Fact]
    public void A_healthy_process_becomes_unhealthy_only_at_the_threshold()
    {
        var life = new Life(Specs.Service());
        life.Run();
        life.On(new Checked(life.Now, null));
        life.On(new Checked(life.Now, "500"));
        life.On(new Checked(life.Now, "500"));
        Assert.True(life.At.Healthy);
        life.On(new Checked(life.Now, "500"));
        Assert.False(life.At.Healthy);
        Assert.Equal("Health check: 500", life.At.Message);
    }

    [Fact]
    public void Any_history_of_events_keeps_the_rules_and_a_wanted_stop_is_reached()
    {
        for (var seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            var life = new Life(Specs.Service() with { RunsToCompletion = random.Next(2) == 0 });
            for (var step = 0; step < 60; step++) Check(life, Pick(random, life));
            life.On(new StopWanted());
            for (var step = 0; step < 8 && !life.At.IsFinal; step++)
            {
                life.Pass(TimeSpan.FromSeconds(60));
                life.On(new Ticked());
                if (life.At.HasShim) life.On(new Ended(life.Exit(143, 15)));
                life.On(new Cleaned());
            }

            Assert.True(life.At.IsFinal, $"seed {seed}: {life.At.Phase}");
        }
    }

    private static void Check(Life life, AllocationEvent happened)
    {
        var before = life.At;
        var action = life.On(happened);
        var after = life.At;
        if (before.IsFinal) Assert.Equal(before.Phase, after.Phase);
        if (action == AllocationAction.Launch) Assert.Equal(Pulling, before.Phase);
        if (action is AllocationAction.Terminate or AllocationAction.Kill) Assert.Equal(Stopping, after.Phase);
        if (after.Healthy) Assert.Equal(Running, after.Phase);
        if (before.StopWanted) Assert.False(after.Phase is Pulling or Restarting && after.Phase != before.Phase);
        Assert.True(after.RestartTimes.Count <= after.Spec.Restart.Attempts);
    }

    private static AllocationEvent Pick(Random random, Life life)
    {
        life.Pass(TimeSpan.FromSeconds(random.Next(20)));
        return random.Next(12) switch
        {
            0 when random.Next(10) == 0 => new StopWanted(),
            1 => new Pulled(null, false),
            2 => new Pulled("away", random.Next(10) == 0),
            3 => new LaunchFailed("no", random.Next(10) == 0),
            4 => new Started(new ShimStart(1, 0, life.Now)),
            5 => new Ended(life.Exit(random.Next(2))),
            6 => new Vanished(),
            7 => new Checked(life.At.StartTime ?? Start, random.Next(2) == 0 ? null : "bad"),
            8 or 9 => new Cleaned(),
            _ => new Ticked(),
        };
    }

    private sealed class Life(AllocationSpec spec)
    {
        public DateTimeOffset Now { get; private set; } = Start;

        public Allocation At { get; private set; } = new(spec);

        public void Pass(TimeSpan time) => Now += time;

        public ShimExit Exit(int code, int signal = 0) => new(code, signal, false, null, Now);

        public AllocationAction On(AllocationEvent happened)
        {
            (At, var action) = AllocationMachine.Next(At, happened, Now);
            return action;
        }

        public void Run()
        {
            On(new Ticked());
            On(new Pulled(null, false));
            On(new Started(new ShimStart(7, 0, Now)));
            Assert.Equal(Running, At.Phase);
        }
    }
}
