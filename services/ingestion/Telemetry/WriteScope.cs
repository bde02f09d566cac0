using Mesh.Common.Names;

namespace Mesh.Ingestion.Telemetry;

/// <summary>For which tenants a sender may write. The platform's own telemetry belongs to the reserved tenant `mesh`.</summary>
/// <param name="Tenant">The tenant's id of whatever names none.</param>
/// <param name="AnyTenant">Whether items may name other tenants: Mesh's own programs write for many.</param>
public sealed record WriteScope(string Tenant, bool AnyTenant)
{
    public const string Platform = "mesh";

    private string _lastName = "";
    private string? _lastTenant = Tenant;

    /// <summary>The tenant's id that an item's name stands for; null where the sender may not write for it.</summary>
    public string? Resolve(string name)
    {
        if (name.Length == 0)
            return Tenant;
        if (name == _lastName)
            return _lastTenant;

        var allowed = TenantName.TryOwnerOf(name, out var tenant) && (AnyTenant || tenant == Tenant);
        (_lastName, _lastTenant) = (name, allowed ? tenant : null);
        return _lastTenant;
    }
}
