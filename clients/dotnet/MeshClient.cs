using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Mesh.Builder.V1;
using Mesh.Controller.V1;
using Mesh.Ingestion.V1;
using Mesh.Registry.V1;
using Mesh.Scheduler.V1;

namespace Mesh.Client;

/// <summary>
/// All of Mesh's API over one connection. Calls carry the token, have a deadline, and are repeated while a service is away when that is
/// harmless. Errors are <see cref="RpcException"/>; <see cref="MeshError"/> reads their details.
/// </summary>
public sealed class MeshClient : IDisposable
{
    private readonly GrpcChannel _channel;

    public MeshClient(MeshClientOptions options)
    {
        Options = options;
        _channel = GrpcChannel.ForAddress(options.Address, new GrpcChannelOptions
        {
            MaxReceiveMessageSize = 64 << 20,
            HttpHandler = new SocketsHttpHandler
            {
                EnableMultipleHttp2Connections = true,
                KeepAlivePingDelay = TimeSpan.FromSeconds(30),
                KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
                ConnectTimeout = TimeSpan.FromSeconds(5),
            },
            ServiceConfig = RetryPolicies.Config(),
        });
        Invoker = _channel.Intercept(new CallDefaults(options));
        Tenants = new(Invoker);
        Members = new(Invoker);
        Tokens = new(Invoker);
        Apps = new(Invoker);
        Config = new(Invoker);
        Releases = new(Invoker);
        Deployments = new(Invoker);
        Audit = new(Invoker);
        Sources = new(Invoker);
        Builds = new(Invoker);
        Scans = new(Invoker);
        Images = new(Invoker);
        Blobs = new(Invoker);
        Workloads = new(Invoker);
        Nodes = new(Invoker);
        Jobs = new(Invoker);
        Telemetry = new(Invoker);
        Query = new(Invoker);
        Targets = new(Invoker);
        Alerts = new(Invoker);
        ImageScans = new(Invoker);
        Retention = new(Invoker);
    }

    /// <summary>What this client was made with.</summary>
    public MeshClientOptions Options { get; }

    /// <summary>For generated clients that have no property here.</summary>
    public CallInvoker Invoker { get; }

    public TenantService.TenantServiceClient Tenants { get; }
    public MemberService.MemberServiceClient Members { get; }
    public TokenService.TokenServiceClient Tokens { get; }
    public AppService.AppServiceClient Apps { get; }
    public ConfigService.ConfigServiceClient Config { get; }
    public ReleaseService.ReleaseServiceClient Releases { get; }
    public DeploymentService.DeploymentServiceClient Deployments { get; }
    public AuditService.AuditServiceClient Audit { get; }
    public SourceService.SourceServiceClient Sources { get; }
    public BuildService.BuildServiceClient Builds { get; }
    public Builder.V1.ScanService.ScanServiceClient Scans { get; }
    public ImageService.ImageServiceClient Images { get; }
    public BlobService.BlobServiceClient Blobs { get; }
    public WorkloadService.WorkloadServiceClient Workloads { get; }
    public NodeService.NodeServiceClient Nodes { get; }
    public JobService.JobServiceClient Jobs { get; }
    public TelemetryService.TelemetryServiceClient Telemetry { get; }
    public QueryService.QueryServiceClient Query { get; }
    public TargetService.TargetServiceClient Targets { get; }
    public AlertService.AlertServiceClient Alerts { get; }
    public Ingestion.V1.ScanService.ScanServiceClient ImageScans { get; }
    public RetentionService.RetentionServiceClient Retention { get; }

    // GrpcChannel.ShutdownAsync does nothing for this kind of channel.
    public void Dispose() => _channel.Dispose();
}
