using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;
using Mesh.Common.Auth;
using Mesh.Common.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mesh.Common.Discovery;

/// <summary>One channel for each service that this program calls, over all its healthy instances.</summary>
public sealed class MeshChannels : IDisposable
{
    private const int MaxMessageBytes = 16 << 20;

    private readonly ConcurrentDictionary<string, Lazy<GrpcChannel>> _channels = new(StringComparer.Ordinal);
    private readonly ServiceProvider _resolvers;
    private readonly ILoggerFactory _loggers;
    private readonly ClientInterceptor _interceptor;

    public MeshChannels(Consul.ConsulClient consul, MeshOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        _loggers = loggers;
        _interceptor = new ClientInterceptor(ServiceToken.Create(options.ClusterKey, options.Service), time);
        _resolvers = new ServiceCollection()
            .AddSingleton<ResolverFactory>(new ConsulResolverFactory(consul, time, loggers))
            .BuildServiceProvider();
    }

    /// <summary>Calls to a service by its name in Consul, with our token, the request's id and its deadline.</summary>
    public CallInvoker Invoker(string service) => Channel(service).Intercept(_interceptor);

    /// <summary>The bare channel.</summary>
    public GrpcChannel Channel(string service) => _channels.GetOrAdd(service, name => new(() => Open(name))).Value;

    public void Dispose()
    {
        foreach (var channel in _channels.Values.Where(c => c.IsValueCreated)) channel.Value.Dispose();
        _resolvers.Dispose();
    }

    private GrpcChannel Open(string service) => GrpcChannel.ForAddress($"consul:///{service}", new GrpcChannelOptions
    {
        Credentials = ChannelCredentials.Insecure,
        ServiceProvider = _resolvers,
        LoggerFactory = _loggers,
        DisposeHttpClient = true,
        MaxReceiveMessageSize = MaxMessageBytes,
        MaxSendMessageSize = MaxMessageBytes,
        InitialReconnectBackoff = TimeSpan.FromMilliseconds(100),
        MaxReconnectBackoff = TimeSpan.FromSeconds(2),
        HttpHandler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = TimeSpan.FromSeconds(15),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
            ConnectTimeout = TimeSpan.FromSeconds(2),
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        },
        ServiceConfig = new ServiceConfig
        {
            LoadBalancingConfigs = { new RoundRobinConfig() },
            MethodConfigs = { RetryOf(IdempotentMethods.All) },
        },
    });

    private static MethodConfig RetryOf(IEnumerable<MethodName> methods)
    {
        var config = new MethodConfig
        {
            RetryPolicy = new RetryPolicy
            {
                MaxAttempts = 5,
                InitialBackoff = TimeSpan.FromMilliseconds(50),
                MaxBackoff = TimeSpan.FromSeconds(1),
                BackoffMultiplier = 3,
                RetryableStatusCodes = { StatusCode.Unavailable },
            },
        };
        foreach (var method in methods) config.Names.Add(method);
        return config;
    }
}
