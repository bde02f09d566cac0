using Mesh.Controller.Deployments;
using Mesh.Scheduler.V1;

namespace Mesh.Controller.Reconciling;

/// <summary>What was found of a deployment's workloads.</summary>
/// <param name="Running">The planned processes with their workloads, as the scheduler has them after they were applied.</param>
/// <param name="Stopping">Workloads that are not planned any more and have not gone yet.</param>
/// <param name="Refusal">What the scheduler refused a workload with; empty when it took them all.</param>
public sealed record Observation(
    IReadOnlyList<(PlannedProcess Planned, Workload Seen)> Running, IReadOnlyList<ProcessStatus> Stopping, string Refusal);

/// <summary>What becomes of a deployment: a pure function of what is recorded and what was found.</summary>
public static class DeploymentOutcome
{
    private static readonly TimeSpan s_whilePending = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_otherwise = TimeSpan.FromSeconds(15);

    /// <summary>The deployment with those planned workloads that it does not know yet; itself when it knows them all.</summary>
    public static Deployment Begin(Deployment deployment, IReadOnlyList<PlannedProcess> planned)
    {
        var known = deployment.Status.Select(s => s.Workload).ToHashSet();
        var begun = planned.Where(p => !known.Contains(p.Workload.Name))
            .Select(p => new ProcessStatus(p.Type, p.Command, p.Workload.Name, p.Workload.Spec.Count, 0, 0, "")).ToArray();
        return begun.Length == 0 ? deployment : deployment with { Status = [.. deployment.Status, .. begun] };
    }

    /// <summary>The deployment with state, reason, message and status as they are now.</summary>
    public static Deployment Of(Deployment deployment, Observation seen)
    {
        var status = seen.Running.Select(r => StatusOf(r.Planned, r.Seen)).Concat(seen.Stopping).ToList();
        // What the scheduler refused to change may run as it was: it is not forgotten, so that a later release can stop it.
        if (seen.Refusal.Length > 0) status.AddRange(deployment.Status.ExceptBy(status.Select(s => s.Workload), s => s.Workload).ToArray());
        var (state, reason, message) = Judge(deployment, seen);
        return deployment with
        {
            State = state,
            FailureReason = reason,
            Message = message,
            Status = status,
            RunningRelease = state == DeploymentState.Running ? deployment.Release : deployment.RunningRelease,
        };
    }

    /// <summary>When to look again, when nothing tells earlier.</summary>
    public static TimeSpan NextCheck(DeploymentState state) => IsPending(state) ? s_whilePending : s_otherwise;

    /// <summary>What the state means for the operation that led to it.</summary>
    public static ActionState ActionStateOf(Deployment deployment) => deployment.State switch
    {
        DeploymentState.Running or DeploymentState.Archived => ActionState.Succeeded,
        DeploymentState.Failure => ActionState.Failed,
        // A deployment without a release is made, whatever it waits for.
        DeploymentState.CreatePending when deployment.Release == 0 => ActionState.Succeeded,
        _ => ActionState.Running,
    };

    private static bool IsPending(DeploymentState state) =>
        state is DeploymentState.CreatePending or DeploymentState.UpdatePending or DeploymentState.ArchivePending;

    private static (DeploymentState, FailureReason, string) Judge(Deployment deployment, Observation seen)
    {
        if (deployment.Archived || deployment.Deleting)
        {
            return seen.Stopping.Count == 0
                ? (DeploymentState.Archived, FailureReason.None, "Archived.")
                : (DeploymentState.ArchivePending, FailureReason.None, $"Stopping {Join(seen.Stopping.Select(s => s.Type))}.");
        }
        if (deployment.Release == 0) return (DeploymentState.CreatePending, FailureReason.None, "Waits for its first release.");
        var pending = deployment.RunningRelease == 0 ? DeploymentState.CreatePending : DeploymentState.UpdatePending;
        if (seen.Refusal.Length > 0) return (DeploymentState.Failure, FailureReason.Generic, seen.Refusal);

        var failed = seen.Running.Where(r => r.Seen.State == Workload.Types.State.Failed).ToArray();
        if (failed.Length > 0)
        {
            var older = deployment.RunningRelease != 0 && deployment.RunningRelease != deployment.Release;
            var rest = older ? $" Release v{deployment.RunningRelease} goes on serving." : "";
            return (DeploymentState.Failure, FailureReason.Generic, $"{failed[0].Planned.Type}: {Sentence(failed[0].Seen.Message)}{rest}");
        }

        var waiting = seen.Running.Where(r => !IsSettled(r.Seen)).ToArray();
        if (waiting.Length > 0 || seen.Stopping.Count > 0)
        {
            // A deployment that ran and lost a part of itself is not being changed by anybody: it is degraded.
            var degraded = deployment.State is DeploymentState.Running or DeploymentState.Failure
                && deployment.RunningRelease == deployment.Release && waiting.Length > 0;
            var message = waiting.Length > 0 ? Progress(waiting) : $"Stopping {Join(seen.Stopping.Select(s => s.Type))}.";
            return degraded ? (DeploymentState.Failure, FailureReason.PartialAvailability, message) : (pending, FailureReason.None, message);
        }
        return (DeploymentState.Running, FailureReason.None, $"Release v{deployment.Release} runs.");
    }

    private static bool IsSettled(Workload workload) => workload.State == Workload.Types.State.Running
        || (workload.State == Workload.Types.State.Stopped && workload.Spec.Count == 0);

    private static string Progress(IEnumerable<(PlannedProcess Planned, Workload Seen)> waiting) => string.Join(" ", waiting.Select(w =>
        $"{w.Planned.Type}: {w.Seen.Rollout?.Healthy ?? 0} of {w.Seen.Rollout?.Desired ?? 0} healthy{(w.Seen.Message.Length > 0 ? $" ({w.Seen.Message.TrimEnd('.')})" : "")}."));

    private static string Join(IEnumerable<string> types) => string.Join(", ", types);

    private static string Sentence(string message) => message.Length == 0 ? "It failed." : message.EndsWith('.') ? message : message + ".";

    private static ProcessStatus StatusOf(PlannedProcess planned, Workload seen) => new(
        planned.Type, planned.Command, seen.Name, seen.Rollout?.Desired ?? 0, seen.Rollout?.Healthy ?? 0, seen.Rollout?.Old ?? 0, seen.Message);
}
