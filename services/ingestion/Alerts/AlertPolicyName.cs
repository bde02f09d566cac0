using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Ingestion.Alerts;

/// <summary>A policy: `tenants/acme/alertPolicies/high-load`.</summary>
public sealed record AlertPolicyName(string Tenant, string Id)
{
    public static AlertPolicyName Parse(string value, string field = "name") => value.Split('/') is ["tenants", var tenant, "alertPolicies", var id]
        ? new(TenantName.CheckId(tenant, field), TenantName.CheckId(id, field))
        : throw MeshException.InvalidArgument(field, "The name must have the form `tenants/*/alertPolicies/*`.");

    public override string ToString() => $"tenants/{Tenant}/alertPolicies/{Id}";
}
