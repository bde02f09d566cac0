using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Ingestion.Targets;

/// <summary>A target: `tenants/acme/targets/node-1`.</summary>
public sealed record TargetName(string Tenant, string Id)
{
    public static TargetName Parse(string value, string field = "name") => value.Split('/') is ["tenants", var tenant, "targets", var id]
        ? new(TenantName.CheckId(tenant, field), TenantName.CheckId(id, field))
        : throw MeshException.InvalidArgument(field, "The name must have the form `tenants/*/targets/*`.");

    public override string ToString() => $"tenants/{Tenant}/targets/{Id}";
}
