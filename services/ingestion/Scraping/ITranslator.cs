using Mesh.Ingestion.Targets;

namespace Mesh.Ingestion.Scraping;

/// <summary>Brings what targets of some kind show into samples.</summary>
internal interface ITranslator
{
    /// <summary>Reads a target. Throws <see cref="ScrapeException"/> where that fails; then nothing of it counts.</summary>
    /// <returns>What is to be remembered once the samples are durable.</returns>
    Task<IReadOnlyList<ReadPosition>> ReadAsync(Target target, TargetSamples samples, CancellationToken cancellationToken);
}

/// <summary>Up to which time a metric of a target has been read, for targets that keep a history.</summary>
public sealed record ReadPosition(string Metric, long Milliseconds);
