namespace Mesh.Ingestion.Alerts;

/// <summary>A condition that is evaluated over and over, and what is kept beside its specification.</summary>
public sealed record AlertPolicy(AlertPolicyName Name, V1.AlertPolicy Spec, DateTimeOffset CreateTime, long Revision)
{
    public V1.AlertSeverity Severity => Spec.Severity == V1.AlertSeverity.Unspecified ? V1.AlertSeverity.Warning : Spec.Severity;

    /// <summary>How long the condition must hold before an alert fires.</summary>
    public TimeSpan Hold => Spec.HoldDuration?.ToTimeSpan() ?? TimeSpan.Zero;

    /// <summary>How long an alert fires on after the condition last held.</summary>
    public TimeSpan KeepFiring => Spec.KeepFiringDuration?.ToTimeSpan() ?? TimeSpan.Zero;

    /// <summary>The sealed secret of the webhook, where there is one.</summary>
    public byte[]? WebhookSecret { get; init; }

    public DateTimeOffset? EvaluateTime { get; init; }

    public string EvaluationError { get; init; } = "";
}
