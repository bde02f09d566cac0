namespace Mesh.Ingestion.Alerts;

/// <summary>A condition that was found to hold, for one set of labels.</summary>
public record Alert
{
    public required string Tenant { get; init; }

    public required Guid Uid { get; init; }

    public required string Policy { get; init; }

    public required AlertLabels Labels { get; init; }

    public V1.Alert.Types.State State { get; init; }

    public V1.AlertSeverity Severity { get; init; }

    public double Value { get; init; }

    public DateTimeOffset StartTime { get; init; }

    /// <summary>When the condition was last found to hold.</summary>
    public DateTimeOffset HeldTime { get; init; }

    public DateTimeOffset? FireTime { get; init; }

    public DateTimeOffset? ResolveTime { get; init; }

    public string AcknowledgedBy { get; init; } = "";

    public DateTimeOffset? AcknowledgeTime { get; init; }

    /// <summary>Grows with every change that a watcher must see.</summary>
    public long Change { get; init; }
}

/// <summary>The labels of an alert; two with the same pairs are equal, whatever their order.</summary>
public sealed record AlertLabels(SortedDictionary<string, string> Values)
{
    public string Key => string.Join('\u0001', Values.Select(pair => $"{pair.Key}\u0002{pair.Value}"));
}

/// <summary>That a policy's condition holds now for these labels.</summary>
public readonly record struct Finding(AlertLabels Labels, double Value);

/// <summary>For what a condition holds now, and for which labels that cannot be told.</summary>
public sealed record Findings(IReadOnlyList<Finding> Holding, Func<AlertLabels, bool> IsUnknown);
