using System.Net;
using Mesh.Common.Auth;
using Mesh.Common.Consul;
using Mesh.Common.Hosting;

namespace Mesh.Common.Telemetry;

/// <summary>
/// Sends the exporter's requests to a healthy instance of ingestion. While there is none a request fails at once: the exporter's
/// queue is bounded and drops its oldest, and nothing else waits.
/// </summary>
internal sealed class IngestionHandler(ConsulClient consul, MeshOptions options, TimeProvider time)
    : DelegatingHandler(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2), ActivityHeadersPropagator = null })
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(5);

    private readonly string _token = "Bearer " + ServiceToken.Create(options.ClusterKey, options.Service);
    private Found _found = new([], 0);
    private uint _turn;

    // The exporters call from threads of their own, on which waiting is harmless.
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        SendAsync(request, cancellationToken).GetAwaiter().GetResult();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var instances = await InstancesAsync(cancellationToken);
        if (instances.Count == 0) throw new HttpRequestException("No instance of ingestion is healthy.");
        var instance = instances[(int)(Interlocked.Increment(ref _turn) % (uint)instances.Count)];
        request.RequestUri = new UriBuilder(request.RequestUri!) { Host = instance.Address, Port = instance.Port }.Uri;
        request.Version = HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        request.Headers.TryAddWithoutValidation("authorization", _token);
        return await base.SendAsync(request, cancellationToken);
    }

    private async ValueTask<IReadOnlyList<ServiceInstance>> InstancesAsync(CancellationToken cancellationToken)
    {
        var found = Volatile.Read(ref _found);
        if (found.At != 0 && time.GetElapsedTime(found.At) < s_fresh) return found.Instances;
        try
        {
            found = new(await consul.HealthyAsync("ingestion", cancellationToken), time.GetTimestamp());
        }
        catch (HttpRequestException)
        {
            // Consul is away: the last answer may still be right.
            found = found with { At = time.GetTimestamp() };
        }
        Volatile.Write(ref _found, found);
        return found.Instances;
    }

    private sealed record Found(IReadOnlyList<ServiceInstance> Instances, long At);
}
