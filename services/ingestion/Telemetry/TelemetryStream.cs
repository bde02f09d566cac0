using System.Threading.Channels;
using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Writers;

namespace Mesh.Ingestion.Telemetry;

/// <summary>
/// One open stream of one writer. Reading and acknowledging run side by side; between them lies the window. A reader that
/// is ahead stops reading, and HTTP/2 makes the writer wait.
/// </summary>
internal sealed class TelemetryStream(
    IntakeService intake, BodyBudget budget, StreamRoom room, string caller, Writer writer, long generation, WriteScope scope) : IDisposable
{
    public const int WindowBatches = 64;
    public const long WindowBytes = 16 << 20;

    private readonly Channel<PendingAck> _pending = Channel.CreateBounded<PendingAck>(
        new BoundedChannelOptions(WindowBatches) { SingleReader = true, SingleWriter = true });

    private readonly ByteWindow _window = new(WindowBytes);
    private readonly BatchDecoder _decoder = new(scope, room.Enter(scope.Tenant));

    public async Task RunAsync(
        IAsyncStreamReader<V1.StreamRequest> requests, IServerStreamWriter<V1.StreamResponse> responses, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var acknowledging = AcknowledgeAsync(responses, stop);
        try
        {
            await ReadAsync(requests, stop.Token);
        }
        catch (OperationCanceledException) when (acknowledging.IsFaulted)
        {
            // The acknowledger failed first and says why.
        }
        finally
        {
            // What was taken before an error is still acknowledged.
            _pending.Writer.Complete();
            await acknowledging;
        }
    }

    public void Dispose() => _decoder.Dispose();

    private async Task ReadAsync(IAsyncStreamReader<V1.StreamRequest> requests, CancellationToken cancellationToken)
    {
        while (await requests.MoveNext(cancellationToken))
        {
            if (requests.Current.Batch is not { } batch)
                throw MeshException.InvalidArgument("open", "Open comes once, as the first message.");

            var bytes = batch.CalculateSize();
            // While the window is full the batch is held here.
            using var lease = budget.Take(bytes, caller);
            await _window.EnterAsync(bytes, cancellationToken);
            await _pending.Writer.WriteAsync(Take(batch, bytes), cancellationToken);
        }
    }

    private PendingAck Take(V1.Batch batch, long bytes)
    {
        if (batch.Number == 0)
            throw MeshException.InvalidArgument("batch.number", "A batch of a stream has a number from 1.");

        // A batch that was taken before is decoded all the same: it may declare series that later ones refer to.
        var standing = writer.Standing(batch.Number, generation);
        var builder = intake.Begin();
        var handed = false;
        try
        {
            _decoder.Decode(batch, builder);
            switch (standing)
            {
                case BatchStanding.Taken:
                    return new PendingAck(batch.Number, bytes, null, ConfirmAsync(batch.Number));
                case BatchStanding.Gap:
                    throw MeshException.InvalidArgument("BATCH_GAP", "batch.number", $"Batch {batch.Number} leaves out batches before it.");
            }

            handed = true;
            var durable = standing == BatchStanding.Next ? intake.WriteAsync(builder, writer, batch.Number, generation) : null;
            return new PendingAck(batch.Number, bytes, builder.Rejections, durable ?? throw Superseded());
        }
        finally
        {
            if (!handed)
                intake.Return(builder);
        }
    }

    private async Task ConfirmAsync(ulong number)
    {
        await writer.Settled;
        if (writer.Durable < number)
            throw Superseded();
    }

    private static MeshException Superseded() => MeshException.Aborted(
        "WRITER_SUPERSEDED", "Another stream of this writer has begun, or a batch before this one was lost. Open a new stream.", TimeSpan.Zero);

    private async Task AcknowledgeAsync(IServerStreamWriter<V1.StreamResponse> responses, CancellationTokenSource stop)
    {
        var rejections = new Rejections();
        try
        {
            while (await _pending.Reader.WaitToReadAsync(CancellationToken.None))
            {
                var number = 0UL;
                rejections.Clear();
                while (_pending.Reader.TryPeek(out var ack) && (number == 0 || ack.Durable.IsCompleted))
                {
                    await ack.Durable;
                    _pending.Reader.TryRead(out _);
                    _window.Leave(ack.Bytes);
                    number = Math.Max(number, ack.Number);
                    if (ack.Rejections is not null)
                        rejections.Add(ack.Rejections);
                }

                await responses.WriteAsync(Answers.Ack(number, rejections), stop.Token);
            }
        }
        catch
        {
            await stop.CancelAsync();
            throw;
        }
    }

    private readonly record struct PendingAck(ulong Number, long Bytes, Rejections? Rejections, Task Durable);
}
