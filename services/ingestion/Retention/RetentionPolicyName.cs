using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Ingestion.Retention;

/// <summary>A policy: `tenants/acme/retentionPolicies/logs`.</summary>
public sealed record RetentionPolicyName(string Tenant, KeptSignal Signal)
{
    public static RetentionPolicyName Parse(string value, string field = "name")
    {
        if (value.Split('/') is not ["tenants", var tenant, "retentionPolicies", var id])
            throw MeshException.InvalidArgument(field, "The name must have the form `tenants/*/retentionPolicies/*`.");
        var signal = KeptSignal.Find(id) ?? throw MeshException.NotFound(
            "RETENTION_POLICY_NOT_FOUND", $"There is no signal `{id}`, only {string.Join(", ", KeptSignal.All.Select(known => known.Id))}.");
        return new(TenantName.CheckId(tenant, field), signal);
    }

    public override string ToString() => $"tenants/{Tenant}/retentionPolicies/{Signal.Id}";
}
