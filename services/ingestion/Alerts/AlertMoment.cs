namespace Mesh.Ingestion.Alerts;

/// <summary>An alert as it was right after a step of its life.</summary>
public sealed record AlertMoment : Alert
{
    /// <summary>When the step was taken.</summary>
    public DateTimeOffset ChangeTime { get; init; }
}
