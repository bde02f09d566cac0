using Grpc.Core;
using Mesh.Common.Hosting;
using Mesh.Common.Names;
using Mesh.Scheduler.V1;
using Npgsql;

namespace Mesh.Controller.Reconciling;

/// <summary>Hears from the scheduler which workloads change and makes their deployments due. While it cannot hear, they are looked at by time.</summary>
internal sealed partial class WorkloadWatch(
    WorkloadService.WorkloadServiceClient scheduler, ReconcileStore store, TimeProvider time, ILogger<WorkloadWatch> logger) : BackgroundLoop
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                using var call = scheduler.WatchWorkloads(new WatchWorkloadsRequest(), cancellationToken: stoppingToken);
                await foreach (var change in call.ResponseStream.ReadAllAsync(stoppingToken))
                {
                    if (change.Workload is { } workload) await DueAsync(workload, stoppingToken);
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogAway(e is RpcException or NpgsqlException ? null : e, e.Message);
            }
            await Task.Delay(s_pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Task DueAsync(Workload workload, CancellationToken cancellationToken) =>
        workload.Spec.Labels.TryGetValue("app", out var app) && workload.Spec.Labels.TryGetValue("deployment", out var deployment)
            ? store.DueAsync(WorkloadName.Parse(workload.Name).Tenant, app, deployment, cancellationToken)
            : Task.CompletedTask;

    [LoggerMessage(LogLevel.Information, "Not hearing from the scheduler: {Problem}")]
    private partial void LogAway(Exception? exception, string problem);
}
