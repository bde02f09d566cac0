using Grpc.Core;

namespace Mesh.Controller.Tests.Servers;

/// <summary>All of the controller's services, as one caller reaches them.</summary>
public sealed class Caller(CallInvoker invoker)
{
    public CallInvoker Invoker => invoker;

    public V1.TenantService.TenantServiceClient Tenants { get; } = new(invoker);

    public V1.MemberService.MemberServiceClient Members { get; } = new(invoker);

    public V1.TokenService.TokenServiceClient Tokens { get; } = new(invoker);

    public V1.AppService.AppServiceClient Apps { get; } = new(invoker);

    public V1.ConfigService.ConfigServiceClient Configs { get; } = new(invoker);

    public V1.ReleaseService.ReleaseServiceClient Releases { get; } = new(invoker);

    public V1.DeploymentService.DeploymentServiceClient Deployments { get; } = new(invoker);

    public V1.RouteService.RouteServiceClient Routes { get; } = new(invoker);

    public V1.AuditService.AuditServiceClient Audit { get; } = new(invoker);
}
