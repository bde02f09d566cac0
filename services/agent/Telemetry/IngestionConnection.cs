using Grpc.Core;
using Mesh.Agent.Allocations;
using Mesh.Agent.Scheduling;
using Mesh.Common.Hosting;
using Mesh.Contracts;
using Mesh.Ingestion.V1;

namespace Mesh.Agent.Telemetry;

/// <summary>
/// The stream to ingestion: one batch after the other, each kept until it is acknowledged. While ingestion is away, or
/// refuses for want of room, lines stay in the log files and the newest samples in the buffer. Where a batch was not acknowledged, only the
/// log that it was sent to knows whether it is durable: other replicas are left again until that one is back, or has been away too long.
/// </summary>
internal sealed class IngestionConnection(
    TelemetryService.TelemetryServiceClient ingestion, BatchSource source, TelemetryState state, NodeAllocations allocations, NodeIdentity node,
    TimeProvider time, ILogger<IngestionConnection> log) : BackgroundLoop
{
    private const int MostSeries = 200_000;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LongestAbsence = TimeSpan.FromMinutes(1);

    private TelemetryBatch? unacknowledged;
    private long? absentSince;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        // Before anything is taken up, so that no allocation goes with lines that have not left.
        allocations.MayRemove = source.IsDrained;
        return base.StartAsync(cancellationToken);
    }

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        // The positions of allocations that are gone are let go: what has not been taken up yet must not look like it.
        await allocations.Adopted.WaitAsync(stoppingToken);
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
        await call.RequestStream.TryWriteAsync(new() { Open = new() { WriterId = state.WriterId.ToString() } }, stopping);
        var opened = (await AnswerAsync(call, stopping)).Opened ?? throw new InvalidOperationException("Ingestion did not open the stream.");
        if (WaitsForAnother(opened.LogId)) return;
        var durable = opened.LastDurableNumber;
        if (state.Acknowledge(opened.LogId, durable)) unacknowledged = null;
        var encoder = new BatchEncoder(node.Id);
        while (encoder.Series < MostSeries)
        {
            unacknowledged ??= await NextAsync(stopping);
            var number = durable + 1;
            state.Begin(opened.LogId, number, unacknowledged.Positions);
            await call.RequestStream.TryWriteAsync(new() { Batch = encoder.Encode(unacknowledged, number) }, stopping);
            do
            {
                var answer = await AnswerAsync(call, stopping);
                if (answer.Ack is not { } ack) continue;
                durable = Math.Max(durable, ack.Number);
                foreach (var rejection in ack.Rejections) log.LogWarning("Ingestion refused {Count} items: {Reason}: {Message} {Example}", rejection.Count, rejection.Reason, rejection.Message, rejection.Example);
            }
            while (durable < number);
            state.Acknowledge(opened.LogId, durable);
            unacknowledged = null;
        }
    }

    // Away for so long, the log may be gone for good. Then its batch is sent to another: better twice than lost.
    private bool WaitsForAnother(string opened)
    {
        var pending = state.PendingLog;
        if (pending is null || pending == opened)
        {
            absentSince = null;
            return false;
        }

        absentSince ??= time.GetTimestamp();
        return time.GetElapsedTime(absentSince.Value) < LongestAbsence;
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
