using Mesh.Common.Auth;
using Mesh.Common.Discovery;
using Mesh.Common.Hosting;
using Mesh.Common.Postgres;
using Mesh.Common.Secrets;
using Mesh.Controller.Apps;
using Mesh.Controller.Audit;
using Mesh.Controller.Changes;
using Mesh.Controller.Configs;
using Mesh.Controller.Deployments;
using Mesh.Controller.Members;
using Mesh.Controller.Reconciling;
using Mesh.Controller.Releases;
using Mesh.Controller.Routes;
using Mesh.Controller.Tenants;
using Mesh.Controller.Tokens;
using Mesh.Scheduler.V1;

namespace Mesh.Controller;

/// <summary>What the controller is made of.</summary>
internal static class ControllerSetup
{
    public static void AddController(this WebApplicationBuilder builder)
    {
        RegisterJsonColumns();
        var services = builder.Services;
        services.AddSingleton(p => new SecretBox("controller.config", p.GetRequiredService<MeshOptions>().ClusterKey));
        services.AddSingleton<AuditLog>();
        services.AddSingleton<IRefusalLog, RefusalLog>();
        services.AddSingleton<TenantStore>();
        services.AddSingleton<MemberStore>();
        services.AddSingleton<TokenStore>();
        services.AddSingleton<ITokenResolver, StoredTokenResolver>();
        services.AddHostedService<OperatorToken>();
        services.AddSingleton<AppAddress>();
        services.AddSingleton<AppStore>();
        services.AddSingleton<AppCache>();
        services.AddSingleton<ConfigStore>();
        services.AddSingleton<ReleaseStore>();
        services.AddSingleton<DeploymentStore>();
        services.AddSingleton<ActionStore>();
        services.AddSingleton<ReconcileStore>();
        services.AddSingleton<DeploymentReconciler>();
        services.AddSingleton<RouteStore>();
        services.AddSingleton<RouteTable>();
        services.AddHostedService(p => p.GetRequiredService<RouteTable>());
        services.AddPostgresSignals(ChangeTopics.Channel);
        services.AddHostedService<ReconcileLoop>();
        services.AddHostedService<WorkloadWatch>();
        services.AddMeshClient<WorkloadService.WorkloadServiceClient>("scheduler");
    }

    public static void MapController(this WebApplication app)
    {
        app.MapGrpcService<TenantService>();
        app.MapGrpcService<MemberService>();
        app.MapGrpcService<TokenService>();
        app.MapGrpcService<AppService>();
        app.MapGrpcService<ConfigService>();
        app.MapGrpcService<ReleaseService>();
        app.MapGrpcService<DeploymentService>();
        app.MapGrpcService<RouteService>();
        app.MapGrpcService<AuditService>();
    }

    internal static void RegisterJsonColumns()
    {
        DapperTypes.RegisterJson<Dictionary<string, string>>();
        DapperTypes.RegisterJson<Dictionary<string, int>>();
        DapperTypes.RegisterJson<Dictionary<string, ProcessSettings>>();
        DapperTypes.RegisterJson<Dictionary<string, StoredVariable>>();
        DapperTypes.RegisterJson<List<ProcessStatus>>();
    }
}
