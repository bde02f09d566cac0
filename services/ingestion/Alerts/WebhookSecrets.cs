using Mesh.Common.Errors;
using Mesh.Common.Secrets;

namespace Mesh.Ingestion.Alerts;

/// <summary>Seals the secrets of webhooks. A sealed secret belongs to its tenant and opens in no other.</summary>
public sealed class WebhookSecrets(SecretBox box)
{
    /// <summary>Takes the secret out of a specification; what it is now, sealed, or null where there is no webhook.</summary>
    public byte[]? Take(string tenant, V1.AlertPolicy spec, AlertPolicy? before)
    {
        if (spec.Webhook is not { } webhook)
            return null;
        if (webhook.Secret.Length == 0)
        {
            return before?.Spec.Webhook?.Url == webhook.Url && before.WebhookSecret is { } kept
                ? kept
                : throw MeshException.InvalidArgument("alert_policy.webhook.secret", "A webhook with a new URL needs a secret.");
        }

        var secret = box.Seal(webhook.Secret, Place(tenant));
        webhook.Secret = "";
        return secret;
    }

    public byte[] Open(string tenant, byte[] secret) => box.Open(secret, Place(tenant));

    private static string Place(string tenant) => $"tenants/{tenant}/webhooks";
}
