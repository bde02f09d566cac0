using System.Diagnostics;
using Mesh.Common.ClickHouse;
using Mesh.Common.Hosting;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Log;
using Mesh.Ingestion.Native;
using Mesh.Ingestion.Rollups;
using Mesh.Ingestion.Tables;
using Mesh.Ingestion.Writers;

namespace Mesh.Ingestion.Drain;

/// <summary>
/// Brings the log into the database, batch after batch, in order. It holds one batch at a time: while the database is
/// away the log grows and memory does not. A batch is tried until it is taken; under its token it is taken once. The same
/// holds for roll-ups, which are made here of some batches together: one insert of few rows where a view would make many.
/// </summary>
public sealed class DrainLoop(
    WriteAheadLog log, LogFiles files, ClickHouseClient clickHouse, WriterTable writers, TableSetup tables, DrainLag lag, TimeProvider time,
    ILogger<DrainLoop> logger) : BackgroundLoop
{
    private static readonly TimeSpan SnapshotInterval = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    private readonly DrainMetrics _metrics = new(log, lag);
    private readonly SampleSorter _sorter = new();
    private readonly SampleBlock _sorted = new();
    private readonly Rollup _rollup = new();
    private readonly MinuteBlock _minutes = new();
    private WriterSnapshot _snapshot = files.Snapshot;
    private long _snapshotAt = time.GetTimestamp();
    private long _rollupStart;

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        await tables.ReadyAsync(stoppingToken);
        var position = files.Checkpoint.Read();
        _rollupStart = position.RollupStart;
        var batch = new DrainBatch(_rollupStart, RestoreSenders());
        using var reader = new LogReader(log, _rollupStart);
        while (!stoppingToken.IsCancellationRequested)
        {
            while (!batch.Gather(reader))
            {
                lag.Note(batch);
                await log.WaitBeyondAsync(reader.Position, stoppingToken);
            }

            // What the database has already is read for its roll-ups alone.
            if (batch.End > position.Drained)
                lag.Note(batch);
            await DrainAsync(batch, position.Drained, stoppingToken);
            batch.Next();
        }
    }

    public override void Dispose()
    {
        _metrics.Dispose();
        _rollup.Dispose();
        base.Dispose();
    }

    private SenderState RestoreSenders()
    {
        // The snapshot may be older than where the reading begins: the records between the two complete it.
        var senders = new SenderState(files.Snapshot);
        using var reader = new LogReader(log, files.Snapshot.Position);
        while (reader.Position < _rollupStart && reader.TryRead())
            senders.Apply(reader);
        return senders;
    }

    // After a start, batches that the database has are read again for their roll-ups alone.
    private async Task DrainAsync(DrainBatch batch, long drained, CancellationToken cancellationToken)
    {
        _sorter.Sort(batch.Rows.Samples, _sorted);
        _rollup.Add(_sorted);
        if (batch.End > drained)
        {
            foreach (var block in batch.Rows.Blocks)
                await InsertAsync(block == batch.Rows.Samples ? _sorted : block, batch.Start, batch.End, cancellationToken);
        }

        if (batch.EndsRollup)
        {
            _rollup.Take(_minutes);
            await InsertAsync(_minutes, _rollupStart, batch.End, cancellationToken);
            _rollupStart = batch.End;
            await CountPartsAsync(cancellationToken);
        }

        if (batch.End > drained || batch.EndsRollup)
            await CommitAsync(batch, Math.Max(batch.End, drained), cancellationToken);
    }

    private async Task CountPartsAsync(CancellationToken cancellationToken)
    {
        const string sql = "select table, count() from system.parts where active and database = currentDatabase() group by table";
        try
        {
            await foreach (var row in clickHouse.QueryAsync(sql, null, cancellationToken))
                _metrics.Parts(row.Text(0), row.WholeNumber(1));
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            logger.LogDebug(exception, "The parts could not be counted");
        }
    }

    private async Task InsertAsync(Block block, long start, long end, CancellationToken cancellationToken)
    {
        if (block.Rows == 0)
            return;
        var token = DrainBatch.TokenOf(block.Table, log.Recovered.LogId, start, end);
        for (var attempt = 0; !await TryInsertAsync(block, token, attempt, cancellationToken); attempt++)
            await Task.Delay(DelayOf(attempt), time, cancellationToken);
    }

    private async Task<bool> TryInsertAsync(Block block, string token, int attempt, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            await clickHouse.InsertNativeAsync(block.Table, block.ColumnNames, NativeBlock.PiecesOf(block), token, cancellationToken);
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

    // What cannot be written down for want of room is tried again: until then nothing more is drained, and the log keeps it.
    private async Task CommitAsync(DrainBatch batch, long drained, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                Commit(batch, drained);
                return;
            }
            catch (IOException exception) when (Durable.IsOutOfRoom(exception))
            {
                if (attempt % 20 == 0)
                    logger.LogWarning(exception, "How far the drain is cannot be written; the log keeps what it has");
                await Task.Delay(DelayOf(attempt), time, cancellationToken);
            }
        }
    }

    private void Commit(DrainBatch batch, long drained)
    {
        files.Checkpoint.Write(new DrainPosition(drained, _rollupStart));
        if (batch.End == drained && time.GetElapsedTime(_snapshotAt) >= SnapshotInterval)
        {
            _snapshot = batch.Senders.SnapshotAt(batch.End, time.GetUtcNow().ToUnixTimeMilliseconds());
            _snapshot.Write(files.SnapshotPath);
            _snapshotAt = time.GetTimestamp();
            writers.Forget();
        }

        log.Truncate(drained, keepFrom: Math.Min(_rollupStart, _snapshot.Position));
    }

    private static TimeSpan DelayOf(int attempt) =>
        TimeSpan.FromMilliseconds(Math.Min(LongestDelay.TotalMilliseconds, 50 * Math.Pow(2, Math.Min(attempt, 10))));
}
