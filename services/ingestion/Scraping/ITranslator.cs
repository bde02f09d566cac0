using Mesh.Ingestion.Targets;

namespace Mesh.Ingestion.Scraping;

/// <summary>Brings what targets of some kind show into samples.</summary>
internal interface ITranslator
{
    /// <summary>Reads a target. Throws <see cref="ScrapeException"/> where that fails; then nothing of it counts.</summary>
    /// <param name="target">The target.</param>
    /// <param name="history">How far its history has been read.</param>
    /// <param name="samples">Where its samples go.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Which of its history the samples bring.</returns>
    Task<HistoryReading> ReadAsync(Target target, TargetHistory history, TargetSamples samples, CancellationToken cancellationToken);
}
