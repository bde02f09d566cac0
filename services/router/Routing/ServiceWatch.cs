using System.Collections.Immutable;
using Mesh.Common.Consul;
using Mesh.Common.Hosting;

namespace Mesh.Router.Routing;

/// <summary>Follows where Mesh's own services answer, for the API's front door. While Consul is away, the last addresses stay.</summary>
internal sealed class ServiceWatch(
    ConsulClient consul, RoutingTableHolder tables, TimeProvider time, ILogger<ServiceWatch> logger) : BackgroundLoop
{
    /// <summary>The services that the front door leads to.</summary>
    internal static readonly string[] Names = ["builder", "controller", "ingestion", "registry", "scheduler"];

    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(30);

    protected override Task LoopAsync(CancellationToken stoppingToken) => Task.WhenAll(Names.Select(n => FollowAsync(n, stoppingToken)));

    private Task FollowAsync(string service, CancellationToken cancellationToken)
    {
        var next = 0UL;
        return new Rounds($"Not hearing from Consul where {service} answers", time, logger).RunAsync(
            async stop =>
            {
                var index = next;
                // After a failure the next round asks for all.
                next = 0;
                var answer = await consul.HealthyAsync(service, index, s_wait, stop);
                // With no healthy instance the last ones stay: one of them may answer sooner than Consul knows.
                if (answer.Value.Count > 0) Tell(service, await ServiceAddresses.OfAsync(answer.Value, stop));
                next = answer.Index;
            },
            cancellationToken);
    }

    private void Tell(string service, ImmutableArray<string> addresses)
    {
        if (addresses.IsEmpty) return;
        var (table, _) = tables.Current;
        if (table.Services.TryGetValue(service, out var known) && known.SequenceEqual(addresses)) return;
        tables.Change(t => t with { Services = t.Services.SetItem(service, addresses) });
    }
}
