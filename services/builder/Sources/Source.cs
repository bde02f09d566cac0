using Mesh.Common.Names;

namespace Mesh.Builder.Sources;

/// <summary>A snapshot of an app's source.</summary>
public sealed record Source
{
    public required string Tenant { get; init; }

    public required string App { get; init; }

    public required Guid Uid { get; init; }

    public required string Digest { get; init; }

    public required long SizeBytes { get; init; }

    /// <summary>The commit that it was taken from; empty for an upload.</summary>
    public string CommitId { get; init; } = "";

    /// <summary>The branch that was pushed; empty for an upload.</summary>
    public string Branch { get; init; } = "";

    public required string Creator { get; init; }

    public required DateTimeOffset CreateTime { get; init; }

    public SourceName Name => new(Tenant, App, Uid.ToString());
}
