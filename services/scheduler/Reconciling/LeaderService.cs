using Mesh.Common.Consul;
using Mesh.Common.Hosting;
using Mesh.Common.Postgres;
using Mesh.Scheduler.Changes;
using Mesh.Scheduler.Endpoints;
using Mesh.Scheduler.Nodes;

namespace Mesh.Scheduler.Reconciling;

/// <summary>Competes for the lock and leads while it has it: the loops of a term run together and end together.</summary>
public sealed class LeaderService(
    ConsulClient consul, MeshOptions mesh, SchedulerOptions options, Leadership leadership, Fence fences, MeshDatabase database,
    AssignmentStore assignments, StatusStore statuses, EndpointStore endpoints, RouterStore routerStore, NodeMonitor monitor,
    Reconciler reconciler, Sweeper sweeper, ChangeBus bus, ServerAddress address, TimeProvider time, ILoggerFactory loggers)
    : BackgroundLoop
{
    private const string Key = "mesh/scheduler/leader";
    private readonly ILogger _logger = loggers.CreateLogger<LeaderService>();

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        var holder = $"{mesh.Advertise}:{await address.PortAsync(stoppingToken)}";
        var held = new LeaderLock(consul, Key, holder, time, loggers.CreateLogger<LeaderLock>());
        await held.RunAsync(LeadAsync, stoppingToken);
    }

    private async Task LeadAsync(LeaderClaim claim, CancellationToken lost)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(lost);
        var term = await BeginAsync(claim, ended.Token);
        _logger.LogInformation("Leading with the fence {Fence}", term.Fence);
        try
        {
            Task[] loops =
            [
                term.Statuses.RunAsync(term.Fence, ended.Token),
                term.Routers.RunAsync(term.Fence, ended.Token),
                term.Endpoints.RunAsync(ended.Token),
                monitor.RunAsync(term, ended.Token),
                reconciler.RunAsync(term.Fence, term.Routers, ended.Token),
                sweeper.RunAsync(term.Fence, ended.Token),
            ];
            leadership.Begin(term);
            var first = await Task.WhenAny(loops);
            await StopAsync(ended, loops);
            await first;
        }
        finally
        {
            leadership.End();
            _logger.LogInformation("No longer leading with the fence {Fence}", term.Fence);
        }
    }

    // Everything that a stream may ask for is loaded before the first stream is let in.
    private async Task<LeaderTerm> BeginAsync(LeaderClaim claim, CancellationToken ended)
    {
        var fence = await fences.TakeAsync(claim, mesh.InstanceId, ended);
        var sessions = new NodeSessions(database, assignments, bus, time);
        var term = new LeaderTerm(fence, ended)
        {
            Nodes = sessions,
            Statuses = new StatusWriter(fences, statuses, endpoints, sessions, time),
            Routers = new Routers(fences, routerStore, bus, options, time),
            Endpoints = new EndpointTable(endpoints, bus),
        };
        await monitor.BeginAsync(fence, ended);
        await term.Routers.LoadAsync(fence, ended);
        await term.Endpoints.LoadAsync(ended);
        return term;
    }

    private async Task StopAsync(CancellationTokenSource ended, Task[] loops)
    {
        leadership.End();
        await ended.CancelAsync();
        await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
