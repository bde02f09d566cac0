using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Paging;

namespace Mesh.Ingestion.Alerts;

/// <summary>Between the wire's policies and alerts and ours.</summary>
internal static class AlertMapping
{
    public static V1.AlertPolicy ToWire(this AlertPolicy policy)
    {
        var wire = policy.Spec.Clone();
        wire.Name = policy.Name.ToString();
        wire.CreateTime = Timestamp.FromDateTimeOffset(policy.CreateTime);
        wire.Etag = ETag.Of(policy.Revision);
        wire.EvaluateTime = policy.EvaluateTime is { } evaluated ? Timestamp.FromDateTimeOffset(evaluated) : null;
        wire.EvaluationError = policy.EvaluationError;
        return wire;
    }

    public static V1.Alert ToWire(this Alert alert)
    {
        var wire = new V1.Alert
        {
            Name = new AlertName(alert.Tenant, alert.Uid).ToString(),
            Policy = new AlertPolicyName(alert.Tenant, alert.Policy).ToString(),
            State = alert.State,
            Severity = alert.Severity,
            Value = alert.Value,
            StartTime = Timestamp.FromDateTimeOffset(alert.StartTime),
            FireTime = alert.FireTime is { } fired ? Timestamp.FromDateTimeOffset(fired) : null,
            ResolveTime = alert.ResolveTime is { } resolved ? Timestamp.FromDateTimeOffset(resolved) : null,
            AcknowledgedBy = alert.AcknowledgedBy,
            AcknowledgeTime = alert.AcknowledgeTime is { } acknowledged ? Timestamp.FromDateTimeOffset(acknowledged) : null,
        };
        wire.Labels.Add(alert.Labels.Values);
        return wire;
    }

    public static V1.AlertChange ToWire(this AlertStep step) => new()
    {
        State = step.State,
        Value = step.Value,
        AcknowledgedBy = step.AcknowledgedBy,
        Time = Timestamp.FromDateTimeOffset(step.Time),
    };

    public static V1.AlertDelivery ToWire(this AlertDelivery delivery) => new()
    {
        Uid = delivery.Uid.ToString(),
        Alert = new AlertName(delivery.Tenant, delivery.Alert).ToString(),
        Policy = new AlertPolicyName(delivery.Tenant, delivery.Policy).ToString(),
        Url = delivery.Url,
        AlertState = delivery.AlertState,
        State = delivery.State,
        Attempts = delivery.Attempts,
        LastError = delivery.LastError,
        CreateTime = Timestamp.FromDateTimeOffset(delivery.CreateTime),
        NextAttemptTime = delivery.FinishTime is null ? Timestamp.FromDateTimeOffset(delivery.NextAttemptTime) : null,
        FinishTime = delivery.FinishTime is { } finished ? Timestamp.FromDateTimeOffset(finished) : null,
    };
}
