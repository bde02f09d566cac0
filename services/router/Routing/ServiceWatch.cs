using System.Collections.Immutable;
using Mesh.Common.Consul;
using Mesh.Common.Hosting;

namespace Mesh.Router.Routing;

/// <summary>Follows where Mesh's own services answer, for the API's front door. While Consul is away, the last addresses stay.</summary>
internal sealed partial class ServiceWatch(
    ConsulClient consul, RoutingTableHolder tables, TimeProvider time, ILogger<ServiceWatch> logger) : BackgroundLoop
{
    /// <summary>The services that the front door leads to.</summary>
    internal static readonly string[] Names = ["builder", "controller", "ingestion", "registry", "scheduler"];

    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    protected override Task LoopAsync(CancellationToken stoppingToken) => Task.WhenAll(Names.Select(n => FollowAsync(n, stoppingToken)));

    private async Task FollowAsync(string service, CancellationToken cancellationToken)
    {
        for (var index = 0UL; !cancellationToken.IsCancellationRequested;)
        {
            try
            {
                var answer = await consul.HealthyAsync(service, index, s_wait, cancellationToken);
                index = answer.Index;
                // With no healthy instance the last ones stay: one of them may answer sooner than Consul knows.
                if (answer.Value.Count > 0) Tell(service, await ServiceAddresses.OfAsync(answer.Value, cancellationToken));
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                LogAway(e is HttpRequestException ? null : e, service, e.Message);
                index = 0;
                await Task.Delay(s_pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Tell(string service, ImmutableArray<string> addresses)
    {
        if (addresses.IsEmpty) return;
        var (table, _) = tables.Current;
        if (table.Services.TryGetValue(service, out var known) && known.SequenceEqual(addresses)) return;
        tables.Change(t => t with { Services = t.Services.SetItem(service, addresses) });
    }

    [LoggerMessage(LogLevel.Warning, "Not hearing from Consul where {Service} answers: {Problem}")]
    private partial void LogAway(Exception? exception, string service, string problem);
}
