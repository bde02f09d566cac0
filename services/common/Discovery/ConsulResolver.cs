using System.Net;
using Grpc.Core;
using Grpc.Net.Client.Balancer;
using Mesh.Common.Consul;
using Mesh.Common.Resilience;
using Microsoft.Extensions.Logging;

namespace Mesh.Common.Discovery;

/// <summary>
/// Addresses of `consul:///name`: the healthy instances, followed by a long poll. While Consul is away, or says for a moment that
/// there is none, the last good answer stays.
/// </summary>
internal sealed partial class ConsulResolver(string service, ConsulClient consul, TimeProvider time, ILogger logger) : Resolver
{
    private static readonly Backoff s_pauses = Backoff.Of(100, 3000);
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_emptyGrace = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private Action<ResolverResult> _listener = _ => { };
    private ServiceInstance[] _good = [];
    private TaskCompletionSource _refresh = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override void Start(Action<ResolverResult> listener)
    {
        _listener = listener;
        _ = Task.Run(FollowAsync);
    }

    /// <summary>A connection broke: what waits out a pause asks again now. A running long poll needs no help.</summary>
    public override void Refresh() => _refresh.TrySetResult();

    protected override void Dispose(bool disposing)
    {
        _stop.Cancel();
        base.Dispose(disposing);
    }

    private async Task FollowAsync()
    {
        ulong index = 0;
        long? emptySince = null;
        for (var failures = 0; !_stop.IsCancellationRequested;)
        {
            try
            {
                // While the answer is empty the poll is short, so that the grace ends in time.
                var wait = emptySince is null || _good.Length == 0 ? s_wait : TimeSpan.FromSeconds(2);
                var answer = await consul.HealthyAsync(service, index, wait, _stop.Token);
                // An index of 0 would make the next poll answer at once.
                index = answer.Index;
                failures = 0;
                if (answer.Value.Count > 0)
                {
                    emptySince = null;
                    Tell(answer.Value);
                }
                else
                {
                    emptySince ??= time.GetTimestamp();
                    if (_good.Length == 0 || time.GetElapsedTime(emptySince.Value) > s_emptyGrace) Fail($"No instance of {service} is healthy.");
                }
                if (index == 0) await PauseAsync(TimeSpan.FromSeconds(1));
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogAway(service, e.Message);
                if (_good.Length == 0) Fail($"{service} cannot be looked up.");
                index = 0;
                await PauseAsync(s_pauses.After(failures++));
            }
        }
    }

    private void Tell(IReadOnlyList<ServiceInstance> instances)
    {
        var sorted = instances.OrderBy(i => i.Id, StringComparer.Ordinal).ToArray();
        if (sorted.SequenceEqual(_good)) return;
        _good = sorted;
        _listener(ResolverResult.ForResult([.. sorted.Select(i => new BalancerAddress(new DnsEndPoint(i.Address, i.Port)))]));
    }

    private void Fail(string message)
    {
        _good = [];
        _listener(ResolverResult.ForFailure(new Status(StatusCode.Unavailable, message)));
    }

    private async Task PauseAsync(TimeSpan pause)
    {
        await Task.WhenAny(_refresh.Task, Task.Delay(pause, time, _stop.Token));
        if (_refresh.Task.IsCompleted) _refresh = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [LoggerMessage(LogLevel.Warning, "Consul cannot be asked for {Service}: {Problem}")]
    private partial void LogAway(string service, string problem);
}

/// <summary>Makes resolvers for `consul:///name`.</summary>
internal sealed class ConsulResolverFactory(ConsulClient consul, TimeProvider time, ILoggerFactory loggers) : ResolverFactory
{
    public override string Name => "consul";

    public override Resolver Create(ResolverOptions options) =>
        new ConsulResolver(options.Address.AbsolutePath.Trim('/'), consul, time, loggers.CreateLogger<ConsulResolver>());
}
