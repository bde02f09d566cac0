using Mesh.Common.Names;

namespace Mesh.Controller.Releases;

/// <summary>An image with an environment, numbered. It never changes.</summary>
public sealed record Release
{
    public string Tenant { get; init; } = "";
    public string App { get; init; } = "";
    public long Version { get; init; }
    public string Image { get; init; } = "";
    public long ConfigVersion { get; init; }
    public Dictionary<string, string> Processes { get; init; } = [];
    public string Description { get; init; } = "";
    public string Build { get; init; } = "";
    public string Creator { get; init; } = "";
    public DateTimeOffset CreateTime { get; init; }

    public ReleaseName Name => new(Tenant, App, Version);
}
