namespace Mesh.Common.Names;

/// <summary>A tenant: `tenants/acme`.</summary>
public sealed record TenantName(string Tenant)
{
    /// <summary>The platform's own tenant, which nobody can create: it holds the stack images, and everybody signed in reads it.</summary>
    public const string Platform = "stacks";

    /// <summary>The name's parts; throws INVALID_ARGUMENT on the field when the name is malformed.</summary>
    public static TenantName Parse(string value, string field = "name")
    {
        var ids = ResourceNames.Parse(value, field, "tenants/*", ResourceNames.IsId);
        return new(ids[0]);
    }

    /// <summary>Whether a name lies in a tenant; gives the tenant's id.</summary>
    public static bool TryOwnerOf(string name, out string tenant)
    {
        const string prefix = "tenants/";
        tenant = "";
        if (!name.StartsWith(prefix, StringComparison.Ordinal)) return false;
        var end = name.IndexOf('/', prefix.Length);
        tenant = end < 0 ? name[prefix.Length..] : name[prefix.Length..end];
        return ResourceNames.IsId(tenant);
    }

    /// <summary>The id when it is well formed; otherwise INVALID_ARGUMENT on the field.</summary>
    public static string CheckId(string id, string field) => ResourceNames.CheckId(id, field);

    public override string ToString() => $"tenants/{Tenant}";
}
