using System.ComponentModel.DataAnnotations;

namespace Mesh.Ingestion.Intake;

/// <summary>What a tenant may send.</summary>
public sealed record IntakeOptions
{
    /// <summary>The most samples a second of one tenant, over a burst of ten seconds.</summary>
    [Range(1, double.MaxValue)]
    public double SamplesPerSecond { get; init; } = 2_000_000;

    /// <summary>The most log records a second of one tenant, over the same burst.</summary>
    [Range(1, double.MaxValue)]
    public double LogsPerSecond { get; init; } = 200_000;

    /// <summary>The most spans a second of one tenant, over the same burst.</summary>
    [Range(1, double.MaxValue)]
    public double SpansPerSecond { get; init; } = 200_000;

    /// <summary>The most events a second of one tenant, over the same burst.</summary>
    [Range(1, double.MaxValue)]
    public double EventsPerSecond { get; init; } = 50_000;

    /// <summary>The most bytes a second of one tenant's log records, spans and events together, over the same burst.</summary>
    [Range(1, double.MaxValue)]
    public double RecordBytesPerSecond { get; init; } = 100 << 20;

    /// <summary>The most series of one tenant on one day.</summary>
    [Range(1, int.MaxValue)]
    public int ActiveSeries { get; init; } = 2_000_000;

    /// <summary>The most streams of one tenant that are open at the same time.</summary>
    [Range(1, int.MaxValue)]
    public int Streams { get; init; } = 1_000;

    /// <summary>Data older than this is refused; it must be less than data is kept.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(13);

    /// <summary>How far a sender's clock may run ahead.</summary>
    public TimeSpan MaxAhead { get; init; } = TimeSpan.FromMinutes(10);
}
