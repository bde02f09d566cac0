using Google.Protobuf;

namespace Mesh.Ingestion.Alerts;

/// <summary>A policy as its table holds it.</summary>
internal record AlertPolicyRow
{
    public const string Columns = "tenant, id, spec::text as spec, create_time, revision, webhook_secret, evaluate_time, evaluation_error";

    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    public string Tenant { get; init; } = "";

    public string Id { get; init; } = "";

    public string Spec { get; init; } = "";

    public DateTimeOffset CreateTime { get; init; }

    public long Revision { get; init; }

    public byte[]? WebhookSecret { get; init; }

    public DateTimeOffset? EvaluateTime { get; init; }

    public string EvaluationError { get; init; } = "";

    public AlertPolicy ToPolicy() => new(new AlertPolicyName(Tenant, Id), Parser.Parse<V1.AlertPolicy>(Spec), CreateTime, Revision)
    {
        WebhookSecret = WebhookSecret,
        EvaluateTime = EvaluateTime,
        EvaluationError = EvaluationError,
    };
}
