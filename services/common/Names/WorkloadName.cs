namespace Mesh.Common.Names;

/// <summary>A workload: `tenants/acme/workloads/shop-production-web`.</summary>
public sealed record WorkloadName(string Tenant, string Workload)
{
    /// <summary>The tenant that it belongs to.</summary>
    public TenantName Parent => new(Tenant);

    /// <summary>The name's parts; throws INVALID_ARGUMENT on the field when the name is malformed.</summary>
    public static WorkloadName Parse(string value, string field = "name")
    {
        var ids = ResourceNames.Parse(value, field, "tenants/*/workloads/*", ResourceNames.IsId, ResourceNames.IsId);
        return new(ids[0], ids[1]);
    }

    /// <summary>The id when it is well formed; otherwise INVALID_ARGUMENT on the field.</summary>
    public static string CheckId(string id, string field) => ResourceNames.CheckId(id, field);

    public override string ToString() => $"tenants/{Tenant}/workloads/{Workload}";
}
