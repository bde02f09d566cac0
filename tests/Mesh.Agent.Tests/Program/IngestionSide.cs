using System.Collections.Concurrent;
using Grpc.Core;
using Mesh.Ingestion.V1;

namespace Mesh.Agent.Tests.Program;

/// <summary>Takes batches in order, each once, and answers like ingestion: the writer's last durable number first.</summary>
internal sealed class IngestionSide : TelemetryService.TelemetryServiceBase
{
    private readonly ConcurrentDictionary<string, ulong> durable = new();

    public ConcurrentQueue<LogRecord> Logs { get; } = new();

    public ConcurrentDictionary<string, SeriesDeclaration> Series { get; } = new();

    /// <summary>Takes the next batch but lets the stream break before its acknowledgement leaves.</summary>
    public bool SwallowsNextAck { get; set; }

    public override async Task Stream(IAsyncStreamReader<StreamRequest> requests, IServerStreamWriter<StreamResponse> responses, ServerCallContext context)
    {
        Assert.True(await requests.MoveNext(context.CancellationToken));
        var writer = requests.Current.Open.WriterId;
        await responses.WriteAsync(new() { Opened = new() { LastDurableNumber = durable.GetValueOrDefault(writer), WindowBatches = 1, WindowBytes = 1 << 20 } });
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
                throw new RpcException(new Status(StatusCode.Unavailable, "gone"));
            }

            await responses.WriteAsync(new() { Ack = new() { Number = batch.Number } });
        }
    }
}
