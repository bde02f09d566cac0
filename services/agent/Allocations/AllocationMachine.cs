using static Mesh.Agent.Allocations.AllocationAction;
using static Mesh.Agent.Allocations.AllocationEvent;
using static Mesh.Agent.Allocations.AllocationPhase;

namespace Mesh.Agent.Allocations;

/// <summary>The life of an allocation: a pure function of what is known, what happened and the time.</summary>
public static class AllocationMachine
{
    private static readonly TimeSpan LongestPullWait = TimeSpan.FromSeconds(30);

    public static (Allocation Allocation, AllocationAction Action) Next(Allocation allocation, AllocationEvent happened, DateTimeOffset now) =>
        happened switch
        {
            StopWanted => OnStopWanted(allocation, now),
            SuspendWanted => OnSuspendWanted(allocation, now),
            ForgetWanted => (allocation with { ForgetWanted = true }, None),
            Ticked => OnTick(allocation, now),
            Pulled pulled => OnPulled(allocation, pulled, now),
            Launching launching => (allocation with { Port = launching.Port }, None),
            LaunchFailed failed => OnLaunchFailed(allocation, failed, now),
            Started started => OnStarted(allocation, started),
            Ended ended => OnEnded(allocation, ended, now),
            Vanished => OnVanished(allocation, now),
            Checked check => (OnChecked(allocation, check), None),
            Cleaned => (OnCleaned(allocation), None),
            _ => (allocation, None),
        };

    private static (Allocation, AllocationAction) OnStopWanted(Allocation allocation, DateTimeOffset now)
    {
        if (allocation.StopWanted || allocation.IsFinal) return (allocation with { StopWanted = true }, None);
        allocation = allocation with { StopWanted = true };
        return allocation.Phase switch
        {
            // The order waits until the process is there; one whose start was only begun cannot be signalled.
            Starting or Ending => (allocation, None),
            Running => Stop(allocation, now),
            _ => End(allocation, Stopped, "Stopped before it ran.", now),
        };
    }

    private static (Allocation, AllocationAction) OnSuspendWanted(Allocation allocation, DateTimeOffset now)
    {
        if (allocation.Suspended || allocation.IsFinal) return (allocation, None);
        allocation = allocation with { Suspended = true };
        return allocation.Phase switch
        {
            Running => Stop(allocation, now),
            Pending or Pulling or Restarting => (allocation with { Phase = Pending, DueTime = null }, None),
            _ => (allocation, None),
        };
    }

    private static (Allocation, AllocationAction) OnTick(Allocation allocation, DateTimeOffset now)
    {
        if (allocation.DueTime is { } due && now < due) return (allocation, None);
        return allocation.Phase switch
        {
            Pending when !allocation.Suspended => (allocation with { Phase = Pulling, DueTime = null, Message = "Fetches the image." }, Pull),
            Restarting when allocation.DueTime is not null => (allocation with { Phase = Pulling, DueTime = null, Message = "Restarts." }, Pull),
            Stopping => (allocation with { DueTime = now + TimeSpan.FromSeconds(1), Message = "Killed: it did not end within its grace." }, Kill),
            _ => (allocation, None),
        };
    }

    private static (Allocation, AllocationAction) OnPulled(Allocation allocation, Pulled pulled, DateTimeOffset now)
    {
        if (allocation.Phase != Pulling) return (allocation, None);
        if (pulled.Error is null) return (allocation with { Phase = Starting, PullAttempts = 0, Message = "Starts." }, Launch);
        if (pulled.IsFinal) return End(allocation, Failed, pulled.Error, now);
        var wait = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, allocation.PullAttempts), LongestPullWait.TotalSeconds));
        return (allocation with { Phase = Pending, PullAttempts = allocation.PullAttempts + 1, DueTime = now + wait, Message = pulled.Error }, None);
    }

    private static (Allocation, AllocationAction) OnLaunchFailed(Allocation allocation, LaunchFailed failed, DateTimeOffset now)
    {
        if (allocation.Phase != Starting) return (allocation, None);
        return failed.IsFinal ? End(allocation, Failed, failed.Error, now) : Restart(allocation, failed.Error, now);
    }

    private static (Allocation, AllocationAction) OnStarted(Allocation allocation, Started started)
    {
        if (allocation.Phase != Starting) return (allocation, None);
        allocation = allocation with
        {
            Phase = Running,
            StartTime = started.Start.Time,
            Healthy = allocation.Spec.Health.Kind == HealthCheckKind.Alive,
            Successes = 0,
            Failures = 0,
            Message = "Runs.",
        };
        return allocation.StopWanted || allocation.Suspended ? Stop(allocation, started.Start.Time) : (allocation, None);
    }

    private static (Allocation, AllocationAction) OnEnded(Allocation allocation, Ended ended, DateTimeOffset now)
    {
        if (!allocation.HasShim) return (allocation, None);
        var exit = ended.Exit;
        allocation = allocation with { ExitCode = exit.ExitCode, OomKilled = exit.OomKilled };
        if (allocation.StopWanted || allocation.Suspended) return End(allocation, Stopped, Describe(allocation, exit.Signal), now);
        if (exit.Error is not null) return Restart(allocation, $"Could not start: {exit.Error}", now);
        var how = exit.OomKilled
            ? $"Killed: it used more memory than its limit of {allocation.Spec.Limits.MemoryBytes >> 20} MiB."
            : exit.Signal > 0 ? $"Ended by signal {exit.Signal}." : $"Ended with exit code {exit.ExitCode}.";
        return exit.ExitCode == 0 && allocation.Spec.RunsToCompletion ? End(allocation, Stopped, how, now) : Restart(allocation, how, now);
    }

    private static (Allocation, AllocationAction) OnVanished(Allocation allocation, DateTimeOffset now)
    {
        if (!allocation.HasShim) return (allocation, None);
        if (allocation.StopWanted || allocation.Suspended) return End(allocation, Stopped, "Ended with its host or its supervisor.", now);
        return Restart(allocation with { ExitCode = 137, OomKilled = false }, "Ended with its host or its supervisor.", now);
    }

    private static Allocation OnChecked(Allocation allocation, Checked check)
    {
        if (allocation.Phase != Running || check.Run != allocation.StartTime) return allocation;
        var health = allocation.Spec.Health;
        if (check.Error is null)
        {
            var successes = allocation.Successes + 1;
            return allocation with { Successes = successes, Failures = 0, Healthy = allocation.Healthy || successes >= health.SuccessThreshold, Message = "Runs." };
        }

        var failures = allocation.Failures + 1;
        var healthy = allocation.Healthy && failures < health.FailureThreshold;
        return allocation with { Successes = 0, Failures = failures, Healthy = healthy, Message = healthy ? allocation.Message : $"Health check: {check.Error}" };
    }

    private static Allocation OnCleaned(Allocation allocation) =>
        allocation.Phase == Ending ? allocation with { Phase = allocation.Outcome } : allocation;

    private static (Allocation, AllocationAction) Stop(Allocation allocation, DateTimeOffset now) =>
        (allocation with { Phase = Stopping, Healthy = false, DueTime = now + allocation.Spec.Grace, Message = "Stops." }, Terminate);

    private static (Allocation, AllocationAction) Restart(Allocation allocation, string why, DateTimeOffset now)
    {
        if (allocation.StopWanted || allocation.Suspended) return End(allocation, Stopped, why, now);
        var policy = allocation.Spec.Restart;
        List<DateTimeOffset> recent = [.. allocation.RestartTimes.Where(time => time > now - policy.Window)];
        if (policy.WaitAfter(recent.Count) is not { } wait)
            return End(allocation, Failed, recent.Count == 0 ? why : $"{why} It was restarted {recent.Count} times within {policy.Window.TotalSeconds:0} s.", now);
        return (allocation with
        {
            Phase = Restarting,
            Healthy = false,
            Restarts = allocation.Restarts + 1,
            RestartTimes = [.. recent, now],
            DueTime = now + wait,
            Message = $"{why} Restarts in {wait.TotalSeconds:0.#} s.",
        }, Clean);
    }

    private static (Allocation, AllocationAction) End(Allocation allocation, AllocationPhase outcome, string message, DateTimeOffset now)
    {
        var ended = allocation with { Phase = Ending, Outcome = outcome, Healthy = false, DueTime = null, EndTime = now, Message = message };
        var returns = outcome == Stopped && allocation is { Suspended: true, StopWanted: false };
        return (returns ? ended with { Outcome = Pending, EndTime = null, Message = "Stopped with its agent." } : ended, Clean);
    }

    private static string Describe(Allocation allocation, int signal) => signal == 9 && allocation.Message.StartsWith("Killed", StringComparison.Ordinal)
        ? allocation.Message
        : "Ended as asked.";
}
