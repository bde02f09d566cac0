using System.Net;
using Google.Protobuf.WellKnownTypes;
using Mesh.Scheduler.V1;

namespace Mesh.Agent.Allocations;

/// <summary>Between the contract and the agent's own values. Every "empty means" of the contract is resolved here.</summary>
public static class AllocationMapping
{
    public static AllocationSpec ToSpec(Assignment assignment)
    {
        var template = assignment.Template ?? new Template();
        return new(
            assignment.Name, assignment.Uid, assignment.Revision, template.Image,
            [.. template.Command],
            new Dictionary<string, string>(template.Env),
            new Dictionary<string, string>(assignment.Labels),
            template.Listens, assignment.RunToCompletion,
            ToLimits(template.Resources ?? new Resources()),
            ToHealthCheck(template.HealthCheck, template.Listens),
            ToTime(template.TerminationGrace, 10, 600),
            ToRestart(template.Restart ?? new Scheduler.V1.RestartPolicy(), assignment.RunToCompletion),
            template.MetricsPath.Length == 0 ? "/metrics" : template.MetricsPath,
            template.User, template.WorkingDir);
    }

    public static AllocationStatus ToStatus(Allocation allocation, string address)
    {
        var status = new AllocationStatus
        {
            Uid = allocation.Spec.Uid,
            State = ToState(allocation.Phase),
            Healthy = allocation.Healthy,
            Address = allocation is { HasShim: true, Port: > 0 } ? new IPEndPoint(IPAddress.Parse(address), allocation.Port).ToString() : "",
            Message = allocation.Message,
            ExitCode = allocation.ExitCode ?? 0,
            OomKilled = allocation.OomKilled,
            Restarts = allocation.Restarts,
        };
        if (allocation.StartTime is { } start) status.StartTime = start.ToTimestamp();
        if (allocation.EndTime is { } end) status.EndTime = end.ToTimestamp();
        return status;
    }

    private static Scheduler.V1.Allocation.Types.State ToState(AllocationPhase phase) => phase switch
    {
        AllocationPhase.Pending => Scheduler.V1.Allocation.Types.State.Pending,
        AllocationPhase.Pulling => Scheduler.V1.Allocation.Types.State.Pulling,
        AllocationPhase.Starting or AllocationPhase.Restarting => Scheduler.V1.Allocation.Types.State.Starting,
        AllocationPhase.Running => Scheduler.V1.Allocation.Types.State.Running,
        AllocationPhase.Stopping or AllocationPhase.Ending => Scheduler.V1.Allocation.Types.State.Stopping,
        AllocationPhase.Stopped => Scheduler.V1.Allocation.Types.State.Stopped,
        _ => Scheduler.V1.Allocation.Types.State.Failed,
    };

    private static AllocationLimits ToLimits(Resources resources) => new(
        resources.CpuMillis > 0 ? resources.CpuMillis : 50,
        Math.Max(0, resources.CpuLimitMillis),
        resources.MemoryLimitBytes > 0 ? resources.MemoryLimitBytes : 512L << 20,
        resources.PidsLimit > 0 ? resources.PidsLimit : 512);

    // A process that shall listen is not at work before it accepts connections, whether or not its owner says how to check.
    private static HealthCheck ToHealthCheck(Scheduler.V1.HealthCheck? check, bool listens)
    {
        check ??= new Scheduler.V1.HealthCheck();
        var kind = check.CheckCase switch
        {
            Scheduler.V1.HealthCheck.CheckOneofCase.Http => HealthCheckKind.Http,
            Scheduler.V1.HealthCheck.CheckOneofCase.Tcp => HealthCheckKind.Tcp,
            Scheduler.V1.HealthCheck.CheckOneofCase.Exec => HealthCheckKind.Exec,
            _ => listens ? HealthCheckKind.Tcp : HealthCheckKind.Alive,
        };
        return new(
            kind,
            check.Http?.Path is { Length: > 0 } path ? path : "/",
            [.. check.Exec?.Command ?? []],
            check.Interval is { } interval && interval.ToTimeSpan() > TimeSpan.Zero ? interval.ToTimeSpan() : null,
            ToTime(check.Timeout, 2, 300),
            Math.Max(1, check.FailureThreshold == 0 ? 3 : check.FailureThreshold),
            Math.Max(1, check.SuccessThreshold));
    }

    // The attempts of a job are the scheduler's to count.
    private static RestartPolicy ToRestart(Scheduler.V1.RestartPolicy policy, bool runsToCompletion) => new(
        policy.Attempts > 0 ? policy.Attempts : runsToCompletion ? 0 : 5, ToTime(policy.Window, 300, 86400), ToTime(policy.Backoff, 1, 3600), ToTime(policy.MaxBackoff, 60, 3600));

    private static TimeSpan ToTime(Duration? value, double fallback, double most) => value is null || value.ToTimeSpan() <= TimeSpan.Zero
        ? TimeSpan.FromSeconds(fallback)
        : TimeSpan.FromSeconds(Math.Min(value.ToTimeSpan().TotalSeconds, most));
}
