using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Controller.Members;

/// <summary>A member: `tenants/acme/members/alice`.</summary>
public sealed record MemberName(string Tenant, string Member)
{
    /// <summary>The name's parts; throws INVALID_ARGUMENT on the field when the name is malformed.</summary>
    public static MemberName Parse(string value, string field = "name")
    {
        if (value.Split('/') is not ["tenants", var tenant, "members", var member])
            throw MeshException.InvalidArgument(field, "The name must have the form `tenants/*/members/*`.");
        return new(TenantName.CheckId(tenant, field), TenantName.CheckId(member, field));
    }

    public override string ToString() => $"tenants/{Tenant}/members/{Member}";
}
