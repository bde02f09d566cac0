using System.Text.Json;
using Mesh.Common.Names;

namespace Mesh.Builder.Builds;

/// <summary>Where a build stands.</summary>
public enum BuildState
{
    Queued,
    Building,
    Pushing,
    Releasing,
    Succeeded,
    Failed,
    Cancelled,
}

/// <summary>One run from a source to an image, and on to a release.</summary>
public sealed record Build
{
    public required string Tenant { get; init; }

    public required string App { get; init; }

    public required Guid Uid { get; init; }

    public required Guid SourceUid { get; init; }

    public required BuildState State { get; init; }

    public bool Ended { get; init; }

    public string FailureReason { get; init; } = "";

    public string FailureMessage { get; init; } = "";

    /// <summary>The image by digest, once it is pushed.</summary>
    public string Image { get; init; } = "";

    /// <summary>The process types and their command lines, as JSON.</summary>
    public string Processes { get; init; } = "{}";

    public string Detected { get; init; } = "";

    public string Release { get; init; } = "";

    public bool SkipRelease { get; init; }

    public long LogSize { get; init; }

    public required string Creator { get; init; }

    public required DateTimeOffset CreateTime { get; init; }

    public DateTimeOffset? StartTime { get; init; }

    public DateTimeOffset? EndTime { get; init; }

    public long Revision { get; init; }

    public int Attempts { get; init; }

    public BuildName Name => new(Tenant, App, Uid.ToString());

    public SourceName Source => new(Tenant, App, SourceUid.ToString());

    public AppName AppName => new(Tenant, App);

    public IReadOnlyDictionary<string, string> CommandLines => JsonSerializer.Deserialize<Dictionary<string, string>>(Processes)!;
}
