using System.IO.Compression;
using System.Reflection;
using System.Runtime.CompilerServices;
using Grpc.Net.Compression;
using Mesh.Common.Auth;
using Mesh.Common.ClickHouse;
using Mesh.Common.Consul;
using Mesh.Common.Discovery;
using Mesh.Common.Errors;
using Mesh.Common.Health;
using Mesh.Common.Logging;
using Mesh.Common.Metrics;
using Mesh.Common.Postgres;
using Mesh.Common.Reflection;
using Mesh.Common.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mesh.Common.Hosting;

/// <summary>What every program of Mesh has in common.</summary>
public static class MeshDefaults
{
    /// <summary>How large a message of a call may be, unpacked.</summary>
    internal const int MaxMessageBytes = 16 << 20;

    /// <summary>
    /// One port, JSON logs, errors, authentication, health, reflection, metrics, traces, Consul, and, when the calling assembly has
    /// migrations, its database.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static MeshOptions AddMeshDefaults(this WebApplicationBuilder builder, string service) =>
        builder.AddMeshDefaults(service, Assembly.GetCallingAssembly());

    /// <summary>The same with the migrations of another assembly.</summary>
    public static MeshOptions AddMeshDefaults(this WebApplicationBuilder builder, string service, Assembly migrations)
    {
        var options = MeshOptions.Read(service, builder.Configuration);
        var services = builder.Services;
        services.AddSingleton(options);
        services.TryAddSingleton<TimeProvider, StoredTime>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Drain + DrainService.Limit);
        builder.AddJsonLogs(options);
        builder.WebHost.AddKestrel(options);
        services.AddSingleton<ServerHealth>();
        services.AddSingleton<LongStreams>();
        services.AddSingleton(RestLimits.Normal);
        services.AddSingleton<ServiceCatalog>();
        services.AddSingleton<ServerAddress>();
        services.AddSingleton<ReflectionIndex>();
        services.AddMeshAuth();
        services.AddMeshGrpc();
        services.AddMetricReader();
        services.AddTelemetry(options);
        services.AddSingleton<ConsulClient>();
        services.AddSingleton<MeshChannels>();
        services.AddPostgres(options, migrations);
        if (options.ClickHouse is { } clickHouse)
            services.AddSingleton(p => new ClickHouseClient(clickHouse, p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ConsulRegistrar>();
        services.AddSingleton<ILeaveOnDrain>(p => p.GetRequiredService<ConsulRegistrar>());
        services.AddHostedService(p => p.GetRequiredService<ConsulRegistrar>());
        services.AddHostedService<DrainService>();
        return options;
    }

    /// <summary>The middlewares and endpoints of every program. Call it before the service maps its own.</summary>
    public static void MapMeshDefaults(this WebApplication app)
    {
        // The outermost: nobody measures how long it waits for what nobody takes.
        app.UseMiddleware<EarlyAnswers>();
        app.UseTelemetry();
        app.UseMiddleware<RequestIdMiddleware>();
        app.UseMiddleware<ErrorMiddleware>();
        app.Use(TenantErrand.RefuseAsync);
        // Kestrel's address is read when it has started.
        app.Services.GetRequiredService<ServerAddress>();
        app.MapHealth(app.Services.GetRequiredService<ServerHealth>());
        app.MapPrometheus();
        app.MapGrpcService<HealthService>();
        app.MapGrpcService<ReflectionService>();
        app.MapGrpcService<ReflectionAlphaService>();
    }

    private static void AddMeshGrpc(this IServiceCollection services)
    {
        services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = MaxMessageBytes;
            grpc.MaxSendMessageSize = MaxMessageBytes;
            grpc.EnableDetailedErrors = false;
            grpc.CompressionProviders =
            [
                new BoundedCompression(new GzipCompressionProvider(CompressionLevel.Fastest), MaxMessageBytes),
                new BoundedCompression(new DeflateCompressionProvider(CompressionLevel.Fastest), MaxMessageBytes),
            ];
            // The first is the outermost: metrics see the code that the error table chose.
            grpc.Interceptors.Add<CallInterceptor>();
            grpc.Interceptors.Add<ErrorInterceptor>();
            grpc.Interceptors.Add<AuthInterceptor>();
            grpc.Interceptors.Add<LongStreamInterceptor>();
        });
        services.AddSingleton<CallInterceptor>();
        services.AddSingleton<ErrorInterceptor>();
        services.AddSingleton<AuthInterceptor>();
        services.AddSingleton<LongStreamInterceptor>();
    }

    private static void AddMeshAuth(this IServiceCollection services)
    {
        services.AddSingleton<AccessRules>();
        services.AddSingleton<TokenCache>();
        services.AddSingleton<TokenAuthenticator>();
        services.AddSingleton(StreamChecks.Normal);
        services.TryAddSingleton<ITokenResolver, ControllerTokenResolver>();
    }

    private static void AddJsonLogs(this WebApplicationBuilder builder, MeshOptions options)
    {
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<ILoggerProvider>(p => new JsonLoggerProvider(options, p.GetRequiredService<TimeProvider>()));
        builder.Logging.SetMinimumLevel(options.LogLevel);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        builder.Logging.AddFilter("System.Net.Http", LogLevel.Warning);
        builder.Logging.AddFilter("Grpc", LogLevel.Warning);
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning);
        builder.Logging.AddFilter("Polly", LogLevel.Warning);
    }
}
