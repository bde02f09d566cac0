using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Mesh.Common.Consul;
using Mesh.Common.Discovery;
using Mesh.Common.Hosting;

namespace Mesh.Ingestion.Tail;

/// <summary>
/// Follows in Consul which other replicas of ingestion are healthy. While Consul is away, or knows of nobody, the last list stays.
/// </summary>
public sealed class OtherReplicas(
    ConsulClient consul, MeshChannels channels, MeshOptions options, ServerAddress address, TimeProvider time, ILogger<OtherReplicas> logger)
    : BackgroundLoop
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Connected> _connected = [];
    private volatile Listing _listing = new([]);

    /// <summary>Who they are now.</summary>
    public ReplicaList Current
    {
        get
        {
            var listing = _listing;
            return new(listing.Replicas, listing.Changed.Task);
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        foreach (var id in _connected.Keys.ToArray())
            Disconnect(id);
    }

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        var port = await address.PortAsync(stoppingToken);
        var next = 0UL;
        await new Rounds("Consul does not tell the other replicas", time, logger).RunAsync(
            async stop =>
            {
                var index = next;
                // After a failure the next round asks for all.
                next = 0;
                var answer = await consul.HealthyAsync(options.Service, index, Poll, stop);
                if (answer.Value.Count > 0)
                    Tell([.. answer.Value.Where(instance => instance.Address != options.Advertise || instance.Port != port)]);
                next = answer.Index;
                // An index of 0 is answered at once.
                if (next == 0)
                    await Task.Delay(Pause, time, stop);
            },
            stoppingToken);
    }

    private void Tell(ServiceInstance[] others)
    {
        var gone = _connected.Keys.Except(others.Select(instance => instance.Id)).ToArray();
        var come = others.Where(instance => !_connected.ContainsKey(instance.Id)).ToArray();
        if (gone.Length == 0 && come.Length == 0)
            return;
        foreach (var instance in come)
            _connected[instance.Id] = Connect(instance);
        var before = _listing;
        _listing = new([.. _connected.Where(pair => !gone.Contains(pair.Key)).Select(pair => pair.Value.Replica)]);
        before.Changed.SetResult();
        foreach (var id in gone)
            Disconnect(id);
    }

    private Connected Connect(ServiceInstance instance)
    {
        var (channel, gone) = (channels.Connect(instance), new CancellationTokenSource());
        var client = new V1.QueryService.QueryServiceClient(channel.Invoker);
        return new(new(instance.Id, (request, cancellationToken) => TailAsync(client, request, cancellationToken), gone.Token), channel, gone);
    }

    private void Disconnect(string id)
    {
        if (!_connected.Remove(id, out var connected))
            return;
        // It has no timer and no handle: whoever still looks at its token may do so.
        connected.Gone.Cancel();
        connected.Channel.Dispose();
    }

    private static async IAsyncEnumerable<V1.TailReplicaResponse> TailAsync(
        V1.QueryService.QueryServiceClient client, V1.TailReplicaRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var call = client.TailReplica(request, cancellationToken: cancellationToken);
        while (await call.ResponseStream.MoveNext(cancellationToken))
            yield return call.ResponseStream.Current;
    }

    private sealed class Listing(ImmutableArray<Replica> replicas)
    {
        public ImmutableArray<Replica> Replicas => replicas;

        public TaskCompletionSource Changed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed record Connected(Replica Replica, InstanceChannel Channel, CancellationTokenSource Gone);
}
