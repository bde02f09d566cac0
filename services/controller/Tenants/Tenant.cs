namespace Mesh.Controller.Tenants;

/// <summary>A group of people with its apps, apart from all others.</summary>
public sealed record Tenant
{
    public string Id { get; init; } = "";
    public Guid Uid { get; init; }
    public string DisplayName { get; init; } = "";
    public Dictionary<string, string> Labels { get; init; } = [];
    public long Revision { get; init; } = 1;
    public DateTimeOffset CreateTime { get; init; }
    public DateTimeOffset UpdateTime { get; init; }

    /// <summary>Names that lead elsewhere: the platform's own tenant, the stack images, and paths of the edge.</summary>
    public static bool IsReserved(string id) => id is "mesh" or "stacks" or "git" or "api" or "v2";

    public override string ToString() => $"tenants/{Id}";
}
