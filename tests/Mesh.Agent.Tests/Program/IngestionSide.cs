using System.Collections.Concurrent;
using Grpc.Core;
using Mesh.Ingestion.V1;

namespace Mesh.Agent.Tests.Program;

/// <summary>Takes batches in order, each once, and answers like ingestion: the writer's last durable number first.</summary>
internal sealed class IngestionSide : TelemetryService.TelemetryServiceBase
{
    private readonly ConcurrentDictionary<string, ulong> durable = new();
    private readonly SemaphoreSlim turn = new(1, 1);
    private int othersOpens;

    public ConcurrentQueue<LogRecord> Logs { get; } = new();

    public ConcurrentDictionary<string, SeriesDeclaration> Series { get; } = new();

    /// <summary>Takes the next batch but lets the stream break before its acknowledgement leaves.</summary>
    public bool SwallowsNextAck { get; set; }

    /// <summary>The next streams are opened by another replica, which has another log and has taken much of the writer's before.</summary>
    public void LetAnotherOpen(int streams) => othersOpens = streams;

    /// <summary>Whether all of those were opened.</summary>
    public bool OthersAreOpened => Volatile.Read(ref othersOpens) <= 0;

    /// <summary>What that replica was sent.</summary>
    public ConcurrentQueue<Batch> SentToAnother { get; } = new();

    public override async Task Stream(IAsyncStreamReader<StreamRequest> requests, IServerStreamWriter<StreamResponse> responses, ServerCallContext context)
    {
        // A writer's new stream begins when its old one has ended, as ingestion sees to it.
        await turn.WaitAsync(context.CancellationToken);
        try
        {
            await ServeAsync(requests, responses, context);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task ServeAsync(IAsyncStreamReader<StreamRequest> requests, IServerStreamWriter<StreamResponse> responses, ServerCallContext context)
    {
        Assert.True(await requests.MoveNext(context.CancellationToken));
        var writer = requests.Current.Open.WriterId;
        if (Interlocked.Decrement(ref othersOpens) >= 0)
        {
            await responses.WriteAsync(new() { Opened = new() { LogId = "another", LastDurableNumber = 1_000_000, WindowBatches = 1, WindowBytes = 1 << 20 } });
            while (await requests.MoveNext(context.CancellationToken)) SentToAnother.Enqueue(requests.Current.Batch);
            return;
        }

        await responses.WriteAsync(new() { Opened = new() { LogId = "this", LastDurableNumber = durable.GetValueOrDefault(writer), WindowBatches = 1, WindowBytes = 1 << 20 } });
        while (await requests.MoveNext(context.CancellationToken))
        {
            var batch = requests.Current.Batch;
            Assert.Equal(durable.GetValueOrDefault(writer) + 1, batch.Number);
            foreach (var log in batch.Logs) Logs.Enqueue(log);
            foreach (var series in batch.Series) Series[$"{series.Tenant} {series.Metric}"] = series;
            durable[writer] = batch.Number;
            if (SwallowsNextAck && batch.Logs.Count > 0)
            {
                SwallowsNextAck = false;
                LetAnotherOpen(3);
                throw new RpcException(new Status(StatusCode.Unavailable, "gone"));
            }

            await responses.WriteAsync(new() { Ack = new() { Number = batch.Number } });
        }
    }
}
