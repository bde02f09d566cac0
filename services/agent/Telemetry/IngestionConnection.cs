using Grpc.Core;
using Mesh.Agent.Allocations;
using Mesh.Agent.Scheduling;
using Mesh.Common.Hosting;
using Mesh.Ingestion.V1;

namespace Mesh.Agent.Telemetry;

/// <summary>
/// The stream to ingestion: one batch after the other, each kept until it is acknowledged. While ingestion is away, or
/// refuses for want of room, lines stay in the log files and the newest samples in the buffer.
/// </summary>
internal sealed class IngestionConnection(
    TelemetryService.TelemetryServiceClient ingestion, BatchSource source, TelemetryState state, NodeAllocations allocations, NodeIdentity node,
    TimeProvider time, ILogger<IngestionConnection> log) : BackgroundLoop
{
    private const int MostSeries = 200_000;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private TelemetryBatch? unacknowledged;
    private ulong pendingNumber;

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        allocations.MayRemove = source.IsDrained;
        for (var failures = 0; !stoppingToken.IsCancellationRequested; failures++)
        {
            var opened = time.GetTimestamp();
            try
            {
                await ServeAsync(stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (RpcException e)
            {
                log.LogWarning("Ingestion is away: {Code}: {Detail}", e.StatusCode, e.Status.Detail);
            }
            catch (Exception e)
            {
                log.LogError(e, "The stream to ingestion broke");
            }

            if (time.GetElapsedTime(opened) > LongestPause) failures = 0;
            var pause = TimeSpan.FromMilliseconds(Math.Min(200 * Math.Pow(2, Math.Min(failures, 10)), LongestPause.TotalMilliseconds));
            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ServeAsync(CancellationToken stopping)
    {
        using var call = ingestion.Stream(cancellationToken: stopping);
        await call.RequestStream.WriteAsync(new() { Open = new() { WriterId = state.WriterId.ToString() } }, stopping);
        var durable = (await AnswerAsync(call, stopping)).Opened?.LastDurableNumber ?? throw new InvalidOperationException("Ingestion did not open the stream.");
        if (pendingNumber > 0 && pendingNumber <= durable) unacknowledged = null;
        state.Acknowledge(durable);
        var encoder = new BatchEncoder(node.Id);
        while (encoder.Series < MostSeries)
        {
            unacknowledged ??= await NextAsync(stopping);
            pendingNumber = durable + 1;
            state.Begin(pendingNumber, unacknowledged.Positions);
            await call.RequestStream.WriteAsync(new() { Batch = encoder.Encode(unacknowledged, pendingNumber) }, stopping);
            do
            {
                var answer = await AnswerAsync(call, stopping);
                if (answer.Ack is not { } ack) continue;
                durable = Math.Max(durable, ack.Number);
                foreach (var rejection in ack.Rejections) log.LogWarning("Ingestion refused {Count} items: {Reason}: {Message}", rejection.Count, rejection.Reason, rejection.Message);
            }
            while (durable < pendingNumber);
            state.Acknowledge(durable);
            unacknowledged = null;
        }
    }

    private async Task<TelemetryBatch> NextAsync(CancellationToken stopping)
    {
        while (true)
        {
            var batch = source.Next();
            if (!batch.IsEmpty) return batch;
            state.Keep(allocations.All.Select(allocation => allocation.Spec.Uid).ToHashSet());
            await Task.Delay(Poll, time, stopping);
        }
    }

    private static async Task<StreamResponse> AnswerAsync(AsyncDuplexStreamingCall<StreamRequest, StreamResponse> call, CancellationToken stopping)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        patience.CancelAfter(Patience);
        return await call.ResponseStream.MoveNext(patience.Token) ? call.ResponseStream.Current : throw new InvalidOperationException("Ingestion ended the stream.");
    }
}
