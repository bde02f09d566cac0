using Mesh.Auth.V1;

namespace Mesh.Controller.Members;

/// <summary>A person or a program with a role in a tenant.</summary>
public sealed record Member
{
    public string Tenant { get; init; } = "";
    public string Id { get; init; } = "";
    public Role Role { get; init; }
    public string DisplayName { get; init; } = "";
    public bool ServiceAccount { get; init; }
    public long Revision { get; init; } = 1;
    public DateTimeOffset CreateTime { get; init; }

    public override string ToString() => $"tenants/{Tenant}/members/{Id}";
}
