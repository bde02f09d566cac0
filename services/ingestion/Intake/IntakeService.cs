using System.Text;
using Mesh.Common.Errors;
using Mesh.Ingestion.Log;
using Mesh.Ingestion.Series;
using Mesh.Ingestion.Tables;
using Mesh.Ingestion.Writers;

namespace Mesh.Ingestion.Intake;

/// <summary>Where every receiver hands its batches over. What it returns is settled when the batch is durable.</summary>
public sealed class IntakeService(
    WriteAheadLog log, SeriesCache cache, BatchPool pool, TenantRates rates, TakenRequests taken, IntakeOptions options, TimeProvider time)
{
    /// <summary>Begins a batch. It has to be given to a write, or returned.</summary>
    public BatchBuilder Begin() => new(pool.Rent(), cache, rates, options, TimeWindow.Of(time, options));

    public void Return(BatchBuilder builder) => pool.Return(builder.Batch);

    /// <summary>Writes a batch of a sender that is not known by name. The task ends when the batch is durable.</summary>
    public Task WriteAsync(BatchBuilder builder) => Write(builder, null, 0, 0, null) ?? Task.CompletedTask;

    /// <summary>
    /// Writes the batch of a request unless the same request was taken before (<see cref="TakenRequests.KeyOf"/>), which is
    /// false. The task ends when it is durable, be it since before.
    /// </summary>
    public async Task<bool> WriteOnceAsync(BatchBuilder builder, UInt128 request)
    {
        if (builder.TookTime)
        {
            await WriteAsync(builder);
            return true;
        }

        var handed = false;
        try
        {
            var written = await taken.OnceAsync(request, () =>
            {
                handed = true;
                return Write(builder, null, 0, 0, request) ?? Task.CompletedTask;
            });
            if (!written)
                IntakeMetrics.Repeated();
            return written;
        }
        finally
        {
            if (!handed)
                Return(builder);
        }
    }

    /// <summary>
    /// Writes a numbered batch. Null means that the writer's turn is over and nothing was taken; the refusals of the log
    /// are thrown at once. The builder's batch is used up in every case.
    /// </summary>
    public Task? WriteAsync(BatchBuilder builder, Writer? writer, ulong number, long generation) =>
        Write(builder, writer, number, generation, null);

    private Task? Write(BatchBuilder builder, Writer? writer, ulong number, long generation, UInt128? request)
    {
        var batch = builder.Batch;
        var returned = false;
        try
        {
            if (batch.Rows == 0 && writer is null)
            {
                builder.Count();
                return Task.CompletedTask;
            }

            var record = new WriterRecord(writer, number, Estimate(batch), request) { Rows = batch.Rows };
            batch.Encode(record.Bytes);
            Func<bool>? admit = writer is null ? null : () => writer.Admit(number, generation, record.Durable);
            if (!TryAppend(record, admit))
                return null;

            builder.Count();
            if (batch.Series.Rows == 0)
                return record.Durable;
            returned = true;
            return LearnAsync(record.Durable, batch, builder.Window.Day);
        }
        finally
        {
            if (!returned)
                pool.Return(batch);
        }
    }

    private bool TryAppend(WriterRecord record, Func<bool>? admit)
    {
        var appended = false;
        try
        {
            return appended = log.TryAppend(record, admit);
        }
        catch (MeshException refused)
        {
            IntakeMetrics.RefusedWhole(refused.Reason, record.Rows);
            throw;
        }
        finally
        {
            if (!appended)
                record.Dispose();
        }
    }

    private async Task LearnAsync(Task durable, TelemetryBatch batch, int day)
    {
        try
        {
            await durable;
            var tenants = new TenantSeries[batch.Series.Tenant.KeyCount];
            for (var key = 0; key < tenants.Length; key++)
                tenants[key] = cache.Of(Encoding.UTF8.GetString(batch.Series.Tenant.Key(key)));
            for (var row = 0; row < batch.Series.Rows; row++)
                tenants[batch.Series.Tenant.Indexes[row]].Learn(batch.Series.Id.Values[row], day);
        }
        finally
        {
            pool.Return(batch);
        }
    }

    private static int Estimate(TelemetryBatch batch) =>
        128 + batch.Samples.Rows * 26 + (batch.Series.Rows + batch.Logs.Rows + batch.Spans.Rows + batch.Events.Rows) * 256;
}
