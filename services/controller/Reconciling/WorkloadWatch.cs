using Grpc.Core;
using Mesh.Common.Hosting;
using Mesh.Common.Names;
using Mesh.Scheduler.V1;

namespace Mesh.Controller.Reconciling;

/// <summary>Hears from the scheduler which workloads change and makes their deployments due. While it cannot hear, they are looked at by time.</summary>
internal sealed class WorkloadWatch(
    WorkloadService.WorkloadServiceClient scheduler, ReconcileStore store, TimeProvider time, ILogger<WorkloadWatch> logger) : BackgroundLoop
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    protected override Task LoopAsync(CancellationToken stoppingToken) =>
        new Rounds("Not hearing from the scheduler", time, logger) { Pause = s_pause }.RunAsync(FollowAsync, stoppingToken);

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        using var call = scheduler.WatchWorkloads(new WatchWorkloadsRequest(), cancellationToken: cancellationToken);
        await foreach (var change in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            if (change.Workload is { } workload) await DueAsync(workload, cancellationToken);
        }
    }

    private Task DueAsync(Workload workload, CancellationToken cancellationToken) =>
        workload.Spec.Labels.TryGetValue("app", out var app) && workload.Spec.Labels.TryGetValue("deployment", out var deployment)
            ? store.DueAsync(WorkloadName.Parse(workload.Name).Tenant, app, deployment, cancellationToken)
            : Task.CompletedTask;
}
