using System.Globalization;

namespace Mesh.Common.Names;

/// <summary>A release of an app, by its number: `tenants/acme/apps/shop/releases/7`.</summary>
public sealed record ReleaseName(string Tenant, string App, long Number)
{
    /// <summary>The app that it belongs to.</summary>
    public AppName Parent => new(Tenant, App);

    /// <summary>The name's parts; throws INVALID_ARGUMENT on the field when the name is malformed.</summary>
    public static ReleaseName Parse(string value, string field = "name")
    {
        var ids = ResourceNames.Parse(value, field, "tenants/*/apps/*/releases/*", ResourceNames.IsId, ResourceNames.IsId, ResourceNames.IsNumber);
        return new(ids[0], ids[1], long.Parse(ids[2], CultureInfo.InvariantCulture));
    }

    public override string ToString() => $"tenants/{Tenant}/apps/{App}/releases/{Number}";
}
