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

    /// <summary>A channel to one instance and no other. Nothing is sent twice on it: whoever needs this very instance knows when to ask again.</summary>
    public InstanceChannel Connect(Consul.ServiceInstance instance)
    {
        var channel = GrpcChannel.ForAddress(new UriBuilder(Uri.UriSchemeHttp, instance.Address, instance.Port).Uri, Options());
        return new(channel, channel.Intercept(_interceptor));
    }

    public void Dispose()
    {
        foreach (var channel in _channels.Values.Where(c => c.IsValueCreated)) channel.Value.Dispose();
        _resolvers.Dispose();
    }

    private GrpcChannel Open(string service)
    {
        var options = Options();
        options.ServiceProvider = _resolvers;
        options.InitialReconnectBackoff = TimeSpan.FromMilliseconds(100);
        options.MaxReconnectBackoff = TimeSpan.FromSeconds(2);
        options.ServiceConfig = new ServiceConfig
        {
            LoadBalancingConfigs = { new RoundRobinConfig() },
            MethodConfigs = { RetryOf(IdempotentMethods.All) },
        };
        return GrpcChannel.ForAddress($"consul:///{service}", options);
    }

    private GrpcChannelOptions Options() => new()
    {
        Credentials = ChannelCredentials.Insecure,
        LoggerFactory = _loggers,
        DisposeHttpClient = true,
        MaxReceiveMessageSize = MaxMessageBytes,
        MaxSendMessageSize = MaxMessageBytes,
        HttpHandler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = TimeSpan.FromSeconds(15),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
            ConnectTimeout = TimeSpan.FromSeconds(2),
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        },
    };

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
