using Mesh.Common.Names;

namespace Mesh.Controller.Apps;

/// <summary>Something that people deploy.</summary>
public sealed record App
{
    public string Tenant { get; init; } = "";
    public string Id { get; init; } = "";
    public Guid Uid { get; init; }
    public string DisplayName { get; init; } = "";
    public Dictionary<string, string> Labels { get; init; } = [];
    public Dictionary<string, ProcessSettings> Processes { get; init; } = [];
    public bool Maintenance { get; init; }
    public bool Deleting { get; init; }
    public long LatestRelease { get; init; }
    public long ConfigVersion { get; init; }
    public long Revision { get; init; } = 1;
    public DateTimeOffset CreateTime { get; init; }
    public DateTimeOffset UpdateTime { get; init; }

    public AppName Name => new(Tenant, Id);
}
