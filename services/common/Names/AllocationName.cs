namespace Mesh.Common.Names;

/// <summary>An allocation of a workload: `tenants/acme/workloads/shop-production-web/allocations/{uid}`.</summary>
public sealed record AllocationName(string Tenant, string Workload, string Uid)
{
    /// <summary>The workload that it belongs to.</summary>
    public WorkloadName Parent => new(Tenant, Workload);

    /// <summary>The name's parts; throws INVALID_ARGUMENT on the field when the name is malformed.</summary>
    public static AllocationName Parse(string value, string field = "name")
    {
        var ids = ResourceNames.Parse(value, field, "tenants/*/workloads/*/allocations/*", ResourceNames.IsId, ResourceNames.IsId, ResourceNames.IsUid);
        return new(ids[0], ids[1], ids[2]);
    }

    public override string ToString() => $"tenants/{Tenant}/workloads/{Workload}/allocations/{Uid}";
}
