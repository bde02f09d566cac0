using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Ingestion.Alerts;

/// <summary>An alert: `tenants/acme/alerts/0193…`.</summary>
public sealed record AlertName(string Tenant, Guid Uid)
{
    public static AlertName Parse(string value, string field = "name") =>
        value.Split('/') is ["tenants", var tenant, "alerts", var uid] && Guid.TryParseExact(uid, "D", out var parsed)
            ? new(TenantName.CheckId(tenant, field), parsed)
            : throw MeshException.InvalidArgument(field, "The name must have the form `tenants/*/alerts/*`.");

    public override string ToString() => $"tenants/{Tenant}/alerts/{Uid:D}";
}
