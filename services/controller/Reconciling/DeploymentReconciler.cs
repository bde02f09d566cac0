using Grpc.Core;
using Mesh.Controller.Configs;
using Mesh.Controller.Deployments;
using Mesh.Scheduler.V1;

namespace Mesh.Controller.Reconciling;

/// <summary>
/// Brings one deployment's workloads to what is recorded, and records what was found. Every step can be repeated: a replica that is
/// killed anywhere leaves the rest to whoever leases the deployment next.
/// </summary>
public sealed partial class DeploymentReconciler(
    ReconcileStore store, ConfigStore configs, WorkloadService.WorkloadServiceClient scheduler, TimeProvider time, ILogger<DeploymentReconciler> logger)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(2);

    public async Task ReconcileAsync(Snapshot snapshot, CancellationToken cancellationToken)
    {
        var deployment = snapshot.Deployment;
        var lease = new ReconcileLease(store, deployment, time);
        try
        {
            var planned = WorkloadPlan.For(deployment, snapshot.App, snapshot.Release, configs.Open(snapshot.Config));
            deployment = DeploymentOutcome.Begin(deployment, planned);
            if (deployment != snapshot.Deployment && !await store.NoteAsync(deployment, cancellationToken)) return;
            if (await ApplyAsync(deployment, planned, lease, cancellationToken) is not { } seen)
            {
                LogLost(deployment.Name.ToString());
                return;
            }
            var after = DeploymentOutcome.Of(deployment, seen);
            if (deployment.Deleting && seen.Stopping.Count == 0) await store.ForgetAsync(deployment.Name, cancellationToken);
            else await store.RecordAsync(lease.Hold(snapshot.Deployment), after, cancellationToken);
        }
        catch (RpcException e) when (!cancellationToken.IsCancellationRequested)
        {
            LogAway(deployment.Name.ToString(), e.Status.Detail);
            await store.PostponeAsync(lease.Hold(deployment), s_pause, cancellationToken);
        }
    }

    /// <summary>Hands the plan to the scheduler; null where somebody else has the deployment by now.</summary>
    private async Task<Observation?> ApplyAsync(
        Deployment deployment, IReadOnlyList<PlannedProcess> planned, ReconcileLease lease, CancellationToken cancellationToken)
    {
        var running = new List<(PlannedProcess, Workload)>();
        var refusal = "";
        foreach (var process in planned)
        {
            if (!await lease.KeepAsync(cancellationToken)) return null;
            try
            {
                var request = new ApplyWorkloadRequest { Workload = process.Workload };
                running.Add((process, (await scheduler.ApplyWorkloadAsync(request, Options(cancellationToken))).Workload));
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.InvalidArgument or StatusCode.ResourceExhausted or StatusCode.FailedPrecondition)
            {
                refusal = $"{process.Type}: {e.Status.Detail}";
            }
        }
        var stopping = new List<ProcessStatus>();
        var wanted = planned.Select(p => p.Workload.Name).ToHashSet();
        foreach (var status in deployment.Status.Where(s => !wanted.Contains(s.Workload)))
        {
            if (!await lease.KeepAsync(cancellationToken)) return null;
            if (await StopAsync(status, cancellationToken) is { } left) stopping.Add(left);
        }
        return new Observation(running, stopping, refusal);
    }

    /// <summary>Stops a workload; null once it has gone.</summary>
    private async Task<ProcessStatus?> StopAsync(ProcessStatus status, CancellationToken cancellationToken)
    {
        try
        {
            await scheduler.StopWorkloadAsync(new StopWorkloadRequest { Name = status.Workload }, Options(cancellationToken));
            var answer = await scheduler.GetWorkloadAsync(new GetWorkloadRequest { Name = status.Workload }, Options(cancellationToken));
            var rollout = answer.Workload.Rollout ?? new Workload.Types.Rollout();
            return status with { Desired = 0, Healthy = rollout.Healthy, Old = rollout.Old, Message = "Is being stopped." };
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }

    private CallOptions Options(CancellationToken cancellationToken) =>
        new(deadline: (time.GetUtcNow() + s_patience).UtcDateTime, cancellationToken: cancellationToken);

    [LoggerMessage(LogLevel.Warning, "{Deployment} is another replica's by now")]
    private partial void LogLost(string deployment);

    [LoggerMessage(LogLevel.Warning, "The scheduler did not take {Deployment} now: {Problem}")]
    private partial void LogAway(string deployment, string problem);
}
