using Mesh.Common.Errors;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Log;
using Mesh.Ingestion.Targets;
using Mesh.Ingestion.Writers;
using Npgsql;

namespace Mesh.Ingestion.Scraping;

/// <summary>
/// Writes what is read of the history of targets, once each over every crash. PostgreSQL knows how far each metric was read, and the
/// log what was written; neither can be changed together with the other. So a reading is planned first: one transaction moves the
/// positions on and notes under which number the log is about to have the samples. Whether it has them, the log says: a plan
/// that it has not is owed, and read again with the same bounds.
/// </summary>
internal sealed class TargetHistoryIntake(
    IntakeService intake, WriterTable writers, WriteAheadLog log, TargetHistoryStore store, ILogger<TargetHistoryIntake> logger)
{
    /// <summary>Begins a reading. What an earlier one of this replica has on its way is settled first.</summary>
    public async Task<HistoryTurn> BeginAsync(TargetTurn turn, CancellationToken cancellationToken)
    {
        var writer = WriterOf(turn.Target.Name);
        var generation = await writer.OpenAsync(cancellationToken);
        if (log.Broken is not null)
            throw MeshException.Unavailable("LOG_CLOSED", "Only a new start can tell what of the last reading is in the log.", TimeSpan.FromSeconds(2));
        var durable = writer.Durable;
        var known = await store.ReadAsync(turn.Target.Name, log.Recovered.LogId, (long)durable, cancellationToken);
        return new HistoryTurn(turn, writer, generation, durable + 1, known);
    }

    /// <summary>Writes what was read. The builder's batch is used up in every case.</summary>
    public async Task WriteAsync(HistoryTurn history, HistoryReading reading, BatchBuilder batch, CancellationToken cancellationToken)
    {
        if (reading.Spans.Count == 0 && history.Known.Plans.Count == 0)
        {
            await intake.WriteAsync(batch);
            return;
        }

        Guid plan;
        try
        {
            plan = await store.PlanAsync(history.Turn, history.Known, reading, log.Recovered.LogId, (long)history.Number, cancellationToken)
                ?? throw TurnIsOver();
        }
        catch
        {
            intake.Return(batch);
            throw;
        }

        await (intake.WriteAsync(batch, history.Writer, history.Number, history.Generation) ?? throw TurnIsOver());
        try
        {
            await store.FinishAsync(history.Turn.Target.Name, plan, cancellationToken);
        }
        catch (Exception exception) when (exception is NpgsqlException or OperationCanceledException)
        {
            // The next reading finds the number in the log.
            logger.LogDebug(exception, "That {Target} was read is not noted yet", history.Turn.Target.Name);
        }
    }

    /// <summary>Settles what an earlier run of this replica has planned; called before the first reading begins.</summary>
    public Task SettleAsync(CancellationToken cancellationToken) =>
        store.SettleAsync(log.Recovered.LogId, name => (long)WriterOf(name).Durable, cancellationToken);

    private static ScrapeException TurnIsOver() => new("The reading took too long, and another one has begun.");

    private Writer WriterOf(TargetName name) => writers.OfTarget(name.ToString());
}

/// <summary>A reading of a target that keeps a history, from its beginning on.</summary>
/// <param name="Turn">The right to read it.</param>
/// <param name="Writer">Numbers what its readings write into this replica's log.</param>
/// <param name="Generation">The writer's turn: what an earlier reading still tries to write is refused.</param>
/// <param name="Number">The number of what it writes.</param>
/// <param name="Known">How far the history was read before.</param>
internal sealed record HistoryTurn(TargetTurn Turn, Writer Writer, long Generation, ulong Number, TargetHistory Known);
