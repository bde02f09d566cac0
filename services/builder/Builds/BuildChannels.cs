namespace Mesh.Builder.Builds;

/// <summary>What PostgreSQL tells everybody who waits, when the transaction commits.</summary>
public static class BuildChannels
{
    /// <summary>A build changed or its log grew; the payload is its uid.</summary>
    public const string Changes = "builder_builds";

    /// <summary>A build may be due.</summary>
    public const string Queue = "builder_queue";

    /// <summary>An SBOM waits for ingestion.</summary>
    public const string Sboms = "builder_sboms";

    public static IReadOnlyList<string> All { get; } = [Changes, Queue, Sboms];
}
