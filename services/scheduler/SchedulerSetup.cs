using Mesh.Common.Hosting;
using Mesh.Common.Postgres;
using Mesh.Common.Secrets;
using Mesh.Scheduler.Changes;
using Mesh.Scheduler.Endpoints;
using Mesh.Scheduler.Jobs;
using Mesh.Scheduler.Nodes;
using Mesh.Scheduler.Reconciling;
using Mesh.Scheduler.Workloads;

namespace Mesh.Scheduler;

/// <summary>What the scheduler is made of.</summary>
public static class SchedulerSetup
{
    public static void AddScheduler(this WebApplicationBuilder builder)
    {
        Dapper.SqlMapper.AddTypeHandler(new ContractJson<V1.WorkloadSpec>());
        Dapper.SqlMapper.AddTypeHandler(new ContractJson<V1.Template>());
        DapperTypes.RegisterJson<NodeAttributes>();
        var services = builder.Services;
        services.AddSingleton(SchedulerOptions.Read(builder.Configuration));
        services.AddSingleton(p => new EnvBox(new SecretBox("scheduler.env", p.GetRequiredService<MeshOptions>().ClusterKey)));
        services.AddPostgresSignals(ChangeNotice.Channel).AddSingleton<ChangeBus>();
        services.AddSingleton<WorkloadStore>().AddSingleton<RevisionStore>().AddSingleton<AllocationStore>().AddSingleton<RequestStore>();
        services.AddSingleton<WorkloadWriter>().AddSingleton<WorkloadWatcher>().AddSingleton<WorkloadPlanner>();
        services.AddSingleton<NodeStore>().AddSingleton<AssignmentStore>().AddSingleton<StatusStore>();
        services.AddSingleton<AgentConnection>().AddSingleton<NodeMonitor>();
        services.AddSingleton<EndpointStore>().AddSingleton<RouterStore>();
        services.AddSingleton<Fence>().AddSingleton<ReconcileStore>().AddSingleton<Decider>().AddSingleton<Applier>();
        services.AddSingleton<JobStore>().AddSingleton<JobQueue>().AddSingleton<JobRunner>();
        services.AddSingleton<Reconciler>().AddSingleton<Sweeper>();
        services.AddSingleton<Leadership>().AddHostedService<LeaderService>();
    }

    public static void MapScheduler(this WebApplication app)
    {
        app.MapGrpcService<WorkloadService>();
        app.MapGrpcService<NodeService>();
        app.MapGrpcService<EndpointService>();
        app.MapGrpcService<JobService>();
    }
}
