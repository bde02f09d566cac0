using Mesh.Common.Health;
using Mesh.Common.Hosting;
using Mesh.Common.Resilience;
using Mesh.Router.Routing;
using Microsoft.Extensions.Options;

namespace Mesh.Router.Nginx;

/// <summary>Serves the routing table with nginx, and says which generation of endpoints is served.</summary>
internal sealed class NginxLoop(
    RoutingTableHolder tables, ServedGeneration served, NginxServer nginx, ServerHealth health, IOptions<RouterOptions> options, TimeProvider time,
    ILogger<NginxLoop> logger) : BackgroundLoop
{
    // The router is ready once it has served all that there is to serve; what goes away later does not make it unready.
    private readonly HealthCondition _served = health.Require("routes");

    /// <summary>Changes that come close together are loaded as one.</summary>
    private static readonly TimeSpan s_coalesce = TimeSpan.FromMilliseconds(15);

    /// <summary>How long a first run waits for the controller and the scheduler before it serves what it knows.</summary>
    private static readonly TimeSpan s_firstWait = TimeSpan.FromSeconds(2);

    /// <summary>How often nginx itself is looked after.</summary>
    private static readonly TimeSpan s_check = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(5);
    private static readonly Backoff s_afterFailure = Backoff.Of(100, 1000);

    // Numbers grow over restarts, so that an adopted nginx never seems to serve what it does not.
    private long _number;

    // What an adopted nginx serves is better than a table that lacks half of what there is.
    private bool _adopted;

    // What was served last, but for its number.
    private string _rendered = "";

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        _number = time.GetUtcNow().ToUnixTimeMilliseconds();
        _adopted = nginx.IsRunning;
        await WaitForFirstTableAsync(stoppingToken);
        await new Rounds("The routes could not be served", time, logger) { AfterFailure = s_afterFailure }.RunAsync(RoundAsync, stoppingToken);
    }

    private async Task RoundAsync(CancellationToken cancellationToken)
    {
        var (table, changed) = tables.Current;
        await ServeAsync(table, cancellationToken);
        await changed.WaitAsync(s_check, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (changed.IsCompleted) await PauseAsync(s_coalesce, cancellationToken);
    }

    private async Task ServeAsync(RoutingTable table, CancellationToken cancellationToken)
    {
        var serveable = table.IsComplete || !_adopted || !nginx.IsRunning;
        var text = NginxConfig.Render(table, nginx.Places, 0);
        if (serveable && (text != _rendered || !nginx.IsRunning))
        {
            _number++;
            var last = _rendered;
            // Until nginx has said so, and where that failed, it may serve the one or the other.
            _rendered = "";
            var serves = await nginx.ServeAsync(NginxConfig.Render(table, nginx.Places, _number), _number, cancellationToken);
            _rendered = serves ? text : last;
        }
        if (text == _rendered && table.Endpoints is not null) served.Set(table.EndpointsGeneration);
        if (text == _rendered && table.IsComplete && table.Services.ContainsKey("controller"))
        {
            _adopted = false;
            _served.Meet();
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (options.Value.OnStop == "stop") await nginx.StopAsync(s_grace, CancellationToken.None);
    }

    private async Task WaitForFirstTableAsync(CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        while (time.GetElapsedTime(since) < s_firstWait && !cancellationToken.IsCancellationRequested)
        {
            var (table, changed) = tables.Current;
            if (table.IsComplete) return;
            await changed.WaitAsync(TimeSpan.FromMilliseconds(200), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken) =>
        Task.Delay(pause, time, cancellationToken).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
}
