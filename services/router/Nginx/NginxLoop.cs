using Mesh.Common.Health;
using Mesh.Common.Hosting;
using Mesh.Router.Routing;
using Microsoft.Extensions.Options;

namespace Mesh.Router.Nginx;

/// <summary>Serves the routing table with nginx, and says which generation of endpoints is served.</summary>
internal sealed partial class NginxLoop(
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

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        // Numbers grow over restarts, so that an adopted nginx never seems to serve what it does not.
        var number = time.GetUtcNow().ToUnixTimeMilliseconds();
        var rendered = "";
        // What an adopted nginx serves is better than a table that lacks half of what there is.
        var adopted = nginx.IsRunning;
        await WaitForFirstTableAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            var (table, changed) = tables.Current;
            try
            {
                var serveable = table.IsComplete || !adopted || !nginx.IsRunning;
                var text = NginxConfig.Render(table, nginx.Places, 0);
                if (serveable && (text != rendered || !nginx.IsRunning))
                {
                    number++;
                    var last = rendered;
                    // Until nginx has said so, and where that failed, it may serve the one or the other.
                    rendered = "";
                    var serves = await nginx.ServeAsync(NginxConfig.Render(table, nginx.Places, number), number, stoppingToken);
                    rendered = serves ? text : last;
                }
                if (text == rendered && table.Endpoints is not null) served.Set(table.EndpointsGeneration);
                if (text == rendered && table.IsComplete && table.Services.ContainsKey("controller"))
                {
                    adopted = false;
                    _served.Meet();
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogProblem(e, e.Message);
            }
            await changed.WaitAsync(s_check, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (changed.IsCompleted) await PauseAsync(s_coalesce, stoppingToken);
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

    [LoggerMessage(LogLevel.Error, "The routes could not be served: {Problem}")]
    private partial void LogProblem(Exception exception, string problem);
}
