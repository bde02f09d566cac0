namespace Mesh.Ingestion.Alerts;

/// <summary>A step in the life of an alert.</summary>
public sealed record AlertStep
{
    public long Change { get; init; }

    public V1.Alert.Types.State State { get; init; }

    public double Value { get; init; }

    public string AcknowledgedBy { get; init; } = "";

    public DateTimeOffset Time { get; init; }
}
