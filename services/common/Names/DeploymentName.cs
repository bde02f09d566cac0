namespace Mesh.Common.Names;

/// <summary>A deployment of an app: `tenants/acme/apps/shop/deployments/production`.</summary>
public sealed record DeploymentName(string Tenant, string App, string Deployment)
{
    /// <summary>The app that it belongs to.</summary>
    public AppName Parent => new(Tenant, App);

    /// <summary>The name's parts; throws INVALID_ARGUMENT on the field when the name is malformed.</summary>
    public static DeploymentName Parse(string value, string field = "name")
    {
        var ids = ResourceNames.Parse(value, field, "tenants/*/apps/*/deployments/*", ResourceNames.IsId, ResourceNames.IsId, ResourceNames.IsId);
        return new(ids[0], ids[1], ids[2]);
    }

    /// <summary>The id when it is well formed; otherwise INVALID_ARGUMENT on the field.</summary>
    public static string CheckId(string id, string field) => ResourceNames.CheckId(id, field);

    public override string ToString() => $"tenants/{Tenant}/apps/{App}/deployments/{Deployment}";
}
