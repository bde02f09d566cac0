using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Paging;

namespace Mesh.Controller.Tenants;

internal static class TenantMapping
{
    public static V1.Tenant ToWire(this Tenant tenant) => new()
    {
        Name = tenant.ToString(),
        Uid = tenant.Uid.ToString(),
        DisplayName = tenant.DisplayName,
        Labels = { tenant.Labels },
        Etag = ETag.Of(tenant.Revision),
        CreateTime = tenant.CreateTime.ToTimestamp(),
        UpdateTime = tenant.UpdateTime.ToTimestamp(),
    };
}
