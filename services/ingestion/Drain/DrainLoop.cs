using System.Diagnostics;
using Mesh.Common.ClickHouse;
using Mesh.Common.Hosting;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Log;
using Mesh.Ingestion.Native;
using Mesh.Ingestion.Tables;
using Mesh.Ingestion.Writers;

namespace Mesh.Ingestion.Drain;

/// <summary>
/// Brings the log into the database, batch after batch, in order. It holds one batch at a time: while the database is
/// away the log grows and memory does not. A batch is tried until it is taken; under its token it is taken once.
/// </summary>
public sealed class DrainLoop(
    WriteAheadLog log, LogFiles files, ClickHouseClient clickHouse, WriterTable writers, TableSetup tables, TimeProvider time,
    ILogger<DrainLoop> logger) : BackgroundLoop
{
    private static readonly TimeSpan SnapshotInterval = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    private readonly ByteBuffer _bytes = new(1 << 20);
    private readonly DrainMetrics _metrics = new(log, time);
    private WriterSnapshot _snapshot = files.Snapshot;
    private long _snapshotAt = time.GetTimestamp();

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        await tables.ReadyAsync(stoppingToken);
        var batch = new DrainBatch(log.Checkpoint);
        RestoreWriters(batch);
        using var reader = new LogReader(log, log.Checkpoint);
        while (!stoppingToken.IsCancellationRequested)
        {
            while (!batch.Gather(reader))
            {
                _metrics.Gathering(batch);
                await log.WaitBeyondAsync(reader.Position, stoppingToken);
            }

            await InsertAsync(batch, stoppingToken);
            Commit(batch);
            batch.Next();
        }
    }

    public override void Dispose()
    {
        _metrics.Dispose();
        _bytes.Dispose();
        base.Dispose();
    }

    private void RestoreWriters(DrainBatch batch)
    {
        foreach (var (key, state) in files.Snapshot.Writers)
            batch.Writers[key] = state;

        // The snapshot may be older than the checkpoint: the records between the two complete it.
        using var reader = new LogReader(log, files.Snapshot.Position);
        while (reader.Position < log.Checkpoint && reader.TryRead())
            WriterSnapshot.Apply(batch.Writers, reader);
    }

    private async Task InsertAsync(DrainBatch batch, CancellationToken cancellationToken)
    {
        foreach (var block in batch.Rows.Blocks.Where(block => block.Rows > 0))
        {
            _bytes.Clear();
            NativeBlock.Write(block, _bytes);
            var token = batch.TokenOf(block.Table, log.Recovered.LogId);
            for (var attempt = 0; !await TryInsertAsync(block, token, attempt, cancellationToken); attempt++)
                await Task.Delay(DelayOf(attempt), time, cancellationToken);
        }
    }

    private async Task<bool> TryInsertAsync(Block block, string token, int attempt, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            await clickHouse.InsertNativeAsync(block.Table, block.ColumnNames, _bytes.Memory, token, cancellationToken);
            _metrics.Inserted(block, Stopwatch.GetElapsedTime(began));
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            _metrics.Failed(block.Table);
            if (attempt % 20 == 0)
                logger.LogWarning(exception, "Inserting {Rows} rows into {Table} failed; the log keeps them", block.Rows, block.Table);
            return false;
        }
    }

    private void Commit(DrainBatch batch)
    {
        files.Checkpoint.Write(batch.End);
        if (time.GetElapsedTime(_snapshotAt) >= SnapshotInterval)
        {
            _snapshot = SnapshotOf(batch);
            _snapshot.Write(files.SnapshotPath);
            _snapshotAt = time.GetTimestamp();
            writers.Forget();
        }

        log.Truncate(batch.End, keepFrom: Math.Min(batch.End, _snapshot.Position));
        _metrics.Committed(batch);
    }

    private static WriterSnapshot SnapshotOf(DrainBatch batch)
    {
        var now = batch.Writers.Values.Select(state => state.SeenMilliseconds).DefaultIfEmpty().Max();
        foreach (var (key, state) in batch.Writers)
        {
            if (WriterTable.IsForgotten(key, state.SeenMilliseconds, now))
                batch.Writers.Remove(key);
        }

        return new WriterSnapshot(batch.End, batch.Writers);
    }

    private static TimeSpan DelayOf(int attempt) =>
        TimeSpan.FromMilliseconds(Math.Min(LongestDelay.TotalMilliseconds, 50 * Math.Pow(2, Math.Min(attempt, 10))));
}
