using System.Text.Json;
using Grpc.Core;
using Mesh.Builder.Builds;
using Mesh.Common.Errors;
using Mesh.Common.Hosting;
using Mesh.Common.Postgres;

namespace Mesh.Builder.Sboms;

/// <summary>
/// Tells ingestion of what waits in the outbox, one SBOM after the other. No build waits for it, and nothing is given up but what ingestion
/// will never take.
/// </summary>
public sealed partial class SbomDelivery(
    SbomOutbox outbox, SbomSender sender, PostgresSignals signals, SbomMetrics metrics, TimeProvider time, ILogger<SbomDelivery> logger) : BackgroundLoop
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(10), Rest = TimeSpan.FromSeconds(1);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        using var news = signals.Subscribe(BuildChannels.Sboms);
        await new Rounds("The SBOM outbox cannot be read or written", time, logger).RunAsync(
            async stop =>
            {
                if (!await DeliverNextAsync(stop))
                    await news.WaitAsync(await PauseAsync(stop), stop);
            },
            stoppingToken);
    }

    private async Task<TimeSpan> PauseAsync(CancellationToken cancellationToken)
    {
        // What is due already is held by another replica.
        var until = await outbox.NextAsync(cancellationToken) - time.GetUtcNow();
        return until is null || until > Look ? Look : until < Rest ? Rest : until.Value;
    }

    // False when none is due.
    private async Task<bool> DeliverNextAsync(CancellationToken cancellationToken)
    {
        await using var claimed = await outbox.ClaimAsync(cancellationToken);
        if (claimed is null)
            return false;
        var sbom = claimed.Sbom;
        try
        {
            await sender.SendAsync(sbom, cancellationToken);
            metrics.Count("delivered");
            await SbomOutbox.RemoveAsync(claimed, cancellationToken);
        }
        catch (Exception error) when (IsFinal(error))
        {
            LogRefused(sbom.Image, error);
            metrics.Count("refused");
            await SbomOutbox.RemoveAsync(claimed, cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogPutOff(sbom.Image, sbom.Attempts + 1, error is RpcException rpc ? rpc.Status.Detail : error.Message);
            metrics.Count("put_off");
            await outbox.PutOffAsync(claimed, cancellationToken);
            await Task.Delay(Rest, time, cancellationToken);
        }
        return true;
    }

    // Another attempt would end the same way.
    private static bool IsFinal(Exception error) => error is JsonException
        || (error is RpcException rpc && (rpc.StatusCode == StatusCode.InvalidArgument || rpc.Reason() == "SCAN_TOO_LARGE"));

    [LoggerMessage(LogLevel.Error, "Ingestion will never take the SBOM of {Image}; it is given up")]
    private partial void LogRefused(string image, Exception error);

    [LoggerMessage(LogLevel.Information, "Ingestion could not be told what is in {Image}, attempt {Attempt}: {Problem}")]
    private partial void LogPutOff(string image, int attempt, string problem);
}
