namespace Mesh.Common.Names;

/// <summary>A repository of images: `tenants/acme/repositories/shop`, which OCI clients call `acme/shop`.</summary>
public sealed record RepositoryName(string Tenant, string Repository)
{
    /// <summary>The tenant that it belongs to.</summary>
    public TenantName Parent => new(Tenant);

    /// <summary>The name that OCI clients use.</summary>
    public string OciName => $"{Tenant}/{Repository}";

    /// <summary>The name's parts; throws INVALID_ARGUMENT on the field when the name is malformed.</summary>
    public static RepositoryName Parse(string value, string field = "name")
    {
        var ids = ResourceNames.Parse(value, field, "tenants/*/repositories/*", ResourceNames.IsId, ResourceNames.IsId);
        return new(ids[0], ids[1]);
    }

    /// <summary>The id when it is well formed; otherwise INVALID_ARGUMENT on the field.</summary>
    public static string CheckId(string id, string field) => ResourceNames.CheckId(id, field);

    public override string ToString() => $"tenants/{Tenant}/repositories/{Repository}";
}
