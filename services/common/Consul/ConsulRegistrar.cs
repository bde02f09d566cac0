using System.Globalization;
using Mesh.Common.Hosting;
using Mesh.Common.Resilience;
using Microsoft.Extensions.Logging;

namespace Mesh.Common.Consul;

/// <summary>Keeps this instance registered: at start, and again whenever the agent has forgotten it. Leaves before the stop.</summary>
internal sealed partial class ConsulRegistrar(
    ConsulClient consul, MeshOptions options, ServerAddress address, TimeProvider time, ILogger<ConsulRegistrar> logger)
    : BackgroundLoop, ILeaveOnDrain
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(3);
    private static readonly Backoff s_soon = Backoff.Of(500, 500);
    private readonly CancellationTokenSource _leaving = new();
    private readonly SemaphoreSlim _turn = new(1);

    // Whether the agent knows this instance, as far as was heard.
    private bool _known;

    // One id for whatever runs at this address: a program that was killed and comes back replaces what it left behind.
    private string _id = "";

    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        await _leaving.CancelAsync();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(3));
        try
        {
            await _turn.WaitAsync(patience.Token);
            if (_id.Length > 0) await consul.DeregisterAsync(_id, patience.Token);
        }
        catch (Exception e)
        {
            // Its check fails soon and Consul forgets it.
            LogNotLeft(e.Message);
        }
    }

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, _leaving.Token);
        try
        {
            var port = await address.PortAsync(stop.Token);
            _id = string.Create(CultureInfo.InvariantCulture, $"{options.Service}-{options.Advertise}-{port}");
            var registration = new ServiceRegistration(_id, options.Service, options.Advertise, port);
            await new Rounds("Consul does not take the registration", time, logger) { Pause = s_look, AfterFailure = s_soon }
                .RunAsync(round => KeepAsync(registration, round), stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task KeepAsync(ServiceRegistration registration, CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        try
        {
            var known = _known;
            // Where nothing is heard, it is registered once more than needed.
            _known = false;
            if (!known || !await consul.KnowsAsync(_id, stop))
            {
                await consul.RegisterAsync(registration, stop);
                LogRegistered(_id, registration.Address, registration.Port);
            }
            _known = true;
        }
        finally
        {
            _turn.Release();
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _leaving.Dispose();
        _turn.Dispose();
    }

    [LoggerMessage(LogLevel.Information, "Registered as {Id} at {Address}:{Port}")]
    private partial void LogRegistered(string id, string address, int port);

    [LoggerMessage(LogLevel.Warning, "Consul was not told that this instance leaves: {Problem}")]
    private partial void LogNotLeft(string problem);
}
