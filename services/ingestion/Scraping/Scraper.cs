using Mesh.Common.Errors;
using Mesh.Ingestion.Gnocchi;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Targets;
using Kind = Mesh.Ingestion.V1.Target.Types.Kind;

namespace Mesh.Ingestion.Scraping;

/// <summary>How reading a target went. A target that is up has an error where a part of what it shows was refused.</summary>
public sealed record ScrapeOutcome(bool Up, string Error);

/// <summary>Reads one target once, and writes what it shows.</summary>
internal sealed class Scraper(
    IntakeService intake, TextTranslator text, GnocchiTranslator gnocchi, TargetHistoryIntake histories, StaleSeries stale, TimeProvider time,
    ILogger<Scraper> logger)
{
    private const int MaxErrorLength = 500;

    /// <summary>Reads the target. Only the end of the program is thrown; all else that goes wrong is the target's outcome.</summary>
    public async Task<ScrapeOutcome> ScrapeAsync(TargetTurn turn, CancellationToken cancellationToken)
    {
        var target = turn.Target;
        var began = time.GetTimestamp();
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        try
        {
            return await ReadAsync(turn, now, began, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            var error = Describe(target, exception);
            logger.LogDebug("Reading {Target} failed: {Error}", target.Name, error);
            // After its lease another replica reads the target and tells how it is.
            if (time.GetElapsedTime(began) < TargetUrl.PatienceOf(target) + TargetTurn.Reserve)
                await WriteDownAsync(turn, now, began, cancellationToken);
            return new ScrapeOutcome(false, error.Length > MaxErrorLength ? error[..MaxErrorLength] : error);
        }
    }

    private async Task<ScrapeOutcome> ReadAsync(TargetTurn turn, long now, long began, CancellationToken cancellationToken)
    {
        var target = turn.Target;
        var history = target.Kind == Kind.Gnocchi ? await histories.BeginAsync(turn, cancellationToken) : null;
        var before = await stale.BeforeAsync(turn, cancellationToken);
        var batch = intake.Begin();
        using var samples = new TargetSamples(target, batch, now);
        HistoryReading reading;
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(TargetUrl.PatienceOf(target));
            reading = await TranslatorOf(target.Kind).ReadAsync(target, history?.Known ?? TargetHistory.None, samples, patience.Token);
            samples.AddOutcome(up: true, time.GetElapsedTime(began), samples.Count);
            samples.End(before);
            batch.EndSamples(target.Tenant);
        }
        catch
        {
            intake.Return(batch);
            throw;
        }

        await (history is null ? intake.WriteAsync(batch) : histories.WriteAsync(history, reading, batch, cancellationToken));
        await stale.RememberAsync(turn, samples.Shown, cancellationToken);
        return new ScrapeOutcome(true, batch.Rejections.Total == 0 ? "" : "Refused, while the rest was taken: " + batch.Rejections.Describe());
    }

    /// <summary>Ends the series of a target that is no more. What cannot be written now ends after the look-back of queries.</summary>
    public async Task EndAsync(Target target, IReadOnlyCollection<ulong> series)
    {
        var batch = intake.Begin();
        using var samples = new TargetSamples(target, batch, time.GetUtcNow().ToUnixTimeMilliseconds());
        samples.End(series);
        batch.GiveSamples(target.Tenant);
        try
        {
            await intake.WriteAsync(batch);
        }
        catch (MeshException exception)
        {
            logger.LogDebug("That {Target} is gone was not written: {Reason}", target.Name, exception.Message);
        }
    }

    private ITranslator TranslatorOf(Kind kind) => kind == Kind.Gnocchi ? gnocchi : text;

    // What it showed before ends, and that it is down is told. Where even that is refused, its state still says so.
    private async Task WriteDownAsync(TargetTurn turn, long now, long began, CancellationToken cancellationToken)
    {
        var target = turn.Target;
        var before = await stale.BeforeAsync(turn, cancellationToken);
        var batch = intake.Begin();
        using var samples = new TargetSamples(target, batch, now);
        try
        {
            samples.AddOutcome(up: false, time.GetElapsedTime(began), 0);
            samples.End(before);
            batch.EndSamples(target.Tenant);
        }
        catch (MeshException)
        {
            intake.Return(batch);
            return;
        }

        try
        {
            await intake.WriteAsync(batch);
            await stale.RememberAsync(turn, samples.Shown, cancellationToken);
        }
        catch (MeshException exception)
        {
            logger.LogDebug("That {Target} is down was not written: {Reason}", target.Name, exception.Message);
        }
    }

    private string Describe(Target target, Exception exception)
    {
        switch (exception)
        {
            case ScrapeException or MeshException:
                return exception.Message;
            case OperationCanceledException:
                return "The target did not answer in time.";
            default:
                logger.LogError(exception, "Reading {Target} failed", target.Name);
                return "The target could not be read.";
        }
    }
}
