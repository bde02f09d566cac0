using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Errors;
using Comparison = Mesh.Ingestion.V1.AlertPolicy.Types.Comparison;
using Severity = Mesh.Ingestion.V1.AlertSeverity;

namespace Mesh.Ingestion.Alerts;

/// <summary>
/// The policies that come with Mesh. Those about apps fit any tenant; those that begin with `mesh-` watch Mesh itself and
/// belong in the tenant of its own telemetry.
/// </summary>
internal static class AlertTemplates
{
    private const string Prefix = "alertPolicyTemplates/";

    public static IReadOnlyList<V1.AlertPolicyTemplate> All { get; } =
    [
        Of("app-critical-findings", "An app that runs an image with critical findings.", "Critical findings", Severity.Critical, policy =>
            policy.FindingMatch = new() { Severity = V1.FindingSeverity.Critical, By = { "app" } }),
        Of("app-error-logs", "Ten error records of one app within five minutes.", "Many errors in the log", Severity.Error, policy =>
            policy.LogMatch = new() { Severity = V1.LogSeverity.Error, Window = Minutes(5), MinCount = 10, By = { "app" } }),
        Of("app-memory-near-limit", "An allocation that uses more than nine tenths of its memory for five minutes.", "Memory near its limit",
            Severity.Warning, policy =>
            {
                policy.Ratio = new()
                {
                    Numerator = "mesh_allocation_memory_bytes", Denominator = "mesh_allocation_memory_limit_bytes",
                    By = { "app", "allocation", "node" }, Comparison = Comparison.Above, Value = 0.9, MinDenominator = 1,
                };
                policy.HoldDuration = Minutes(5);
            }),
        Of("app-restarts", "An allocation that is started again, over and over.", "Restarts", Severity.Error, policy =>
        {
            policy.Threshold = new()
            {
                Selector = "mesh_allocation_restarts_total", Window = Minutes(10), Rate = true, Comparison = Comparison.Above, Value = 2.5 / 600,
            };
            policy.KeepFiringDuration = Minutes(10);
        }),
        Of("app-server-errors", "More than one in twenty requests answered 5xx within five minutes.", "Error rate", Severity.Critical, policy =>
        {
            policy.Ratio = new()
            {
                Numerator = "http_requests_total{code=~\"5..\"}", Denominator = "http_requests_total", By = { "app" }, Window = Minutes(5),
                Rate = true, Comparison = Comparison.Above, Value = 0.05, MinDenominator = 0.1,
            };
            policy.HoldDuration = Minutes(2);
            policy.KeepFiringDuration = Minutes(5);
        }),
        Of("app-unhealthy", "An allocation that has been unhealthy for two minutes.", "Unhealthy allocation", Severity.Critical, policy =>
        {
            policy.Threshold = new() { Selector = "mesh_allocation_healthy", Comparison = Comparison.Below, Value = 1 };
            policy.HoldDuration = Minutes(2);
        }),
        Of("mesh-agent-samples-dropped", "An agent that had to drop samples.", "Samples dropped", Severity.Warning, policy =>
        {
            policy.Threshold = new()
            {
                Selector = "mesh_agent_samples_dropped", Window = Minutes(10), Rate = true, Comparison = Comparison.Above, Value = 0,
            };
        }),
        Of("mesh-agents-silent", "No agent has reported for five minutes.", "Agents are silent", Severity.Critical, policy =>
            policy.Absence = new() { Selector = "mesh_agent_allocations", Window = Minutes(5) }),
        Of("mesh-call-failures", "More than one in twenty calls of a service fail within it.", "Calls fail", Severity.Error, policy =>
        {
            policy.Ratio = new()
            {
                Numerator = "grpc_server_handled_total{grpc_code=~\"INTERNAL|DATA_LOSS|UNKNOWN|UNAVAILABLE\"}", Denominator = "grpc_server_handled_total",
                By = { "job" }, Window = Minutes(5), Rate = true, Comparison = Comparison.Above, Value = 0.05, MinDenominator = 0.1,
            };
            policy.HoldDuration = Minutes(5);
        }),
        Of("mesh-ingestion-insert-failures", "ClickHouse refuses what ingestion inserts.", "Inserts fail", Severity.Error, policy =>
        {
            policy.Threshold = new()
            {
                Selector = "mesh_ingestion_insert_failures_total", Window = Minutes(5), Rate = true, Comparison = Comparison.Above, Value = 0,
            };
            policy.HoldDuration = Minutes(5);
        }),
        Of("mesh-ingestion-lag", "What was taken is not in the tables a minute later.", "Telemetry is late", Severity.Critical, policy =>
        {
            policy.Threshold = new() { Selector = "mesh_ingestion_log_lag_seconds", Comparison = Comparison.Above, Value = 60 };
            policy.HoldDuration = Minutes(5);
        }),
    ];

    /// <summary>Whether a name is a template's.</summary>
    public static bool IsName(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>The specification of a template.</summary>
    public static V1.AlertPolicy Find(string name) => All.FirstOrDefault(template => template.Name == name)?.AlertPolicy.Clone()
        ?? throw MeshException.NotFound("ALERT_POLICY_TEMPLATE_NOT_FOUND", $"There is no template `{name}`.");

    private static V1.AlertPolicyTemplate Of(
        string id, string description, string displayName, Severity severity, Action<V1.AlertPolicy> condition)
    {
        var policy = new V1.AlertPolicy { DisplayName = displayName, Severity = severity };
        condition(policy);
        return new V1.AlertPolicyTemplate { Name = Prefix + id, Description = description, AlertPolicy = policy };
    }

    private static Duration Minutes(int minutes) => Duration.FromTimeSpan(TimeSpan.FromMinutes(minutes));
}
