using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client.Configuration;
using Mesh.Builder.V1;
using Mesh.Controller.V1;
using Mesh.Ingestion.V1;
using Mesh.Registry.V1;
using Mesh.Scheduler.V1;

namespace Mesh.Client;

/// <summary>Which calls are repeated while a service is away: those that only read, and those that change nothing more when repeated.</summary>
internal static class RetryPolicies
{
    private static readonly string[] s_verbs = ["Get", "List", "Watch", "Query", "Search", "Tail", "Stat", "Plan", "Download", "StreamBuildLog", "Verify"];

    private static readonly FileDescriptor[] s_files =
    [
        TenantServiceReflection.Descriptor, MemberServiceReflection.Descriptor, TokenServiceReflection.Descriptor, AppServiceReflection.Descriptor,
        ConfigServiceReflection.Descriptor, ReleaseServiceReflection.Descriptor, DeploymentServiceReflection.Descriptor, AuditServiceReflection.Descriptor,
        SourceServiceReflection.Descriptor, BuildServiceReflection.Descriptor, Builder.V1.ScanServiceReflection.Descriptor, ImageServiceReflection.Descriptor,
        BlobServiceReflection.Descriptor, WorkloadServiceReflection.Descriptor, NodeServiceReflection.Descriptor, JobServiceReflection.Descriptor,
        QueryServiceReflection.Descriptor, TargetServiceReflection.Descriptor, AlertServiceReflection.Descriptor,
        Ingestion.V1.ScanServiceReflection.Descriptor, RetentionServiceReflection.Descriptor,
    ];

    /// <summary>The service config of a channel.</summary>
    public static ServiceConfig Config()
    {
        var method = new MethodConfig
        {
            RetryPolicy = new RetryPolicy
            {
                MaxAttempts = 5,
                InitialBackoff = TimeSpan.FromMilliseconds(100),
                MaxBackoff = TimeSpan.FromSeconds(2),
                BackoffMultiplier = 2,
                RetryableStatusCodes = { StatusCode.Unavailable },
            },
        };
        foreach (var rpc in s_files.SelectMany(f => f.Services).SelectMany(s => s.Methods).Where(IsRepeatable))
            method.Names.Add(new MethodName { Service = rpc.Service.FullName, Method = rpc.Name });
        return new ServiceConfig { MethodConfigs = { method } };
    }

    private static bool IsRepeatable(MethodDescriptor rpc) =>
        !rpc.IsClientStreaming && s_verbs.Any(v => rpc.Name.StartsWith(v, StringComparison.Ordinal));
}
