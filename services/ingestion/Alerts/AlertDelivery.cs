using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Mesh.Ingestion.Alerts;

/// <summary>One notification of a webhook and what became of it.</summary>
public sealed record AlertDelivery
{
    public required string Tenant { get; init; }

    public required Guid Uid { get; init; }

    public required Guid Alert { get; init; }

    public required string Policy { get; init; }

    public V1.Alert.Types.State AlertState { get; init; }

    public required string Url { get; init; }

    /// <summary>Sealed.</summary>
    public required byte[] Secret { get; init; }

    /// <summary>JSON; the same at every attempt.</summary>
    public required string Body { get; init; }

    public V1.AlertDelivery.Types.State State { get; init; }

    public int Attempts { get; init; }

    public string LastError { get; init; } = "";

    public DateTimeOffset CreateTime { get; init; }

    public DateTimeOffset NextAttemptTime { get; init; }

    public DateTimeOffset? FinishTime { get; init; }

    /// <summary>What shall be told of an alert's change; null when nobody is told, or it never fired.</summary>
    public static AlertDelivery? Of(AlertPolicy policy, Alert alert, DateTimeOffset now)
    {
        var told = alert.State == V1.Alert.Types.State.Firing || (alert.State == V1.Alert.Types.State.Resolved && alert.FireTime is not null);
        if (!told || policy.Spec.Webhook is not { } webhook || policy.WebhookSecret is not { } secret)
            return null;
        var uid = Guid.CreateVersion7(now);
        var notification = new V1.AlertNotification
        {
            DeliveryId = uid.ToString(),
            Alert = alert.ToWire(),
            PolicyDisplayName = policy.Spec.DisplayName,
            CreateTime = Timestamp.FromDateTimeOffset(now),
        };
        return new AlertDelivery
        {
            Tenant = alert.Tenant,
            Uid = uid,
            Alert = alert.Uid,
            Policy = alert.Policy,
            AlertState = alert.State,
            Url = webhook.Url,
            Secret = secret,
            Body = JsonFormatter.Default.Format(notification),
            CreateTime = now,
        };
    }
}
