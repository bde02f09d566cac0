using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Contracts;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;

namespace Mesh.Ingestion.Tests.Crash;

/// <summary>
/// Sends numbered samples for as long as it may, over crashes: after each it resumes where the service says and sends
/// again what was not acknowledged.
/// </summary>
internal sealed class CrashWriter(IngestionProcess server, string name)
{
    public const int BatchSize = 100;

    private readonly string _id = Guid.NewGuid().ToString();
    private readonly long _start = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - 3_600_000;

    /// <summary>The number of the last acknowledged batch.</summary>
    public ulong Acknowledged { get; private set; }

    public ulong Sent { get; private set; }

    public int Reconnects { get; private set; }

    /// <summary>Sends until the token ends, and then until everything sent is acknowledged.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested || Acknowledged < Sent)
        {
            try
            {
                using var channel = server.Connect();
                await StreamAsync(channel, stop);
            }
            catch (RpcException)
            {
                Reconnects++;
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }

    private async Task StreamAsync(GrpcChannel channel, CancellationToken stop)
    {
        using var call = new TelemetryService.TelemetryServiceClient(channel).Stream(IngestionProcess.Headers, cancellationToken: CancellationToken.None);
        await call.RequestStream.TryWriteAsync(new StreamRequest { Open = new() { WriterId = _id, Parent = "tenants/crash" } }, CancellationToken.None);
        if (!await call.ResponseStream.MoveNext(CancellationToken.None))
            return;

        var opened = call.ResponseStream.Current.Opened;
        Acknowledged = Math.Max(Acknowledged, opened.LastDurableNumber);
        var reading = ReadAsync(call.ResponseStream);
        var first = true;
        for (var next = Acknowledged + 1; !stop.IsCancellationRequested || next <= Sent; next++)
        {
            if (reading.IsCompleted)
                break;
            while (next > Acknowledged + (ulong)opened.WindowBatches && !reading.IsCompleted)
                await Task.Delay(1, CancellationToken.None);
            Sent = Math.Max(Sent, next);
            if (!await call.RequestStream.TryWriteAsync(new StreamRequest { Batch = BatchOf(next, first) }, CancellationToken.None))
                break;
            first = false;
            if (next % 8 == 0)
                await Task.Delay(1, CancellationToken.None);
        }

        await call.RequestStream.TryCompleteAsync();
        await reading;
    }

    private async Task ReadAsync(IAsyncStreamReader<StreamResponse> responses)
    {
        while (await responses.MoveNext(CancellationToken.None))
        {
            Assert.Empty(responses.Current.Ack.Rejections);
            Acknowledged = Math.Max(Acknowledged, responses.Current.Ack.Number);
        }
    }

    private Batch BatchOf(ulong number, bool declare)
    {
        var batch = new Batch { Number = number, Samples = new Samples() };
        if (declare)
            batch.Series.Add(new SeriesDeclaration { Ref = 0, Metric = "crash_sequence", Labels = { new Label { Name = "writer", Value = name } } });
        for (var i = 0; i < BatchSize; i++)
        {
            var sequence = (long)(number - 1) * BatchSize + i;
            batch.Samples.SeriesRefs.Add(0);
            batch.Samples.TimeDeltasMillis.Add(i == 0 ? _start + sequence : 1);
            batch.Samples.Values.Add(sequence);
        }

        return batch;
    }
}
