namespace Mesh.Common.Names;

/// <summary>A source snapshot of an app: `tenants/acme/apps/shop/sources/{uid}`.</summary>
public sealed record SourceName(string Tenant, string App, string Uid)
{
    /// <summary>The app that it belongs to.</summary>
    public AppName Parent => new(Tenant, App);

    /// <summary>The name's parts; throws INVALID_ARGUMENT on the field when the name is malformed.</summary>
    public static SourceName Parse(string value, string field = "name")
    {
        var ids = ResourceNames.Parse(value, field, "tenants/*/apps/*/sources/*", ResourceNames.IsId, ResourceNames.IsId, ResourceNames.IsUid);
        return new(ids[0], ids[1], ids[2]);
    }

    public override string ToString() => $"tenants/{Tenant}/apps/{App}/sources/{Uid}";
}
