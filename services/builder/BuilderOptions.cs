using Mesh.Builder.Sources;
using Mesh.Common.Hosting;

namespace Mesh.Builder;

/// <summary>What the builder alone reads from its environment.</summary>
public sealed record BuilderOptions
{
    /// <summary>MESH_DATA: sources, git repositories, unpacked stacks and the folders of running builds.</summary>
    public required string Data { get; init; }

    /// <summary>MESH_BUILDER_MAX_SOURCE_MB: the largest archive that is taken.</summary>
    public long MaxSourceBytes { get; init; } = 256L << 20;

    /// <summary>MESH_BUILDER_PARALLEL: how many builds run at once.</summary>
    public int Parallel { get; init; } = 2;

    /// <summary>MESH_BUILDER_QUEUE: how many unfinished builds a tenant may have.</summary>
    public int Queue { get; init; } = 100;

    /// <summary>MESH_BUILDER_TIMEOUT_SECONDS: how long one build may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>MESH_BUILDER_MEMORY_MB: the memory that the commands of one build may use.</summary>
    public long MemoryBytes { get; init; } = 2L << 30;

    /// <summary>MESH_BUILDER_NETWORK: whether the commands of a build may use the host's network, `host`, or none.</summary>
    public BuildNetwork Network { get; init; } = BuildNetwork.None;

    /// <summary>MESH_BUILDER_STACKS: the folder with the stacks that `eng/stacks` made; null where the registry has them.</summary>
    public string? Stacks { get; init; }

    /// <summary>MESH_BUILDER_STACKS_COMMAND: the program that makes a missing stack; called with its name.</summary>
    public string? StacksCommand { get; init; }

    /// <summary>How much a source may unpack to.</summary>
    public ArchiveLimits Archive { get; init; } = new();

    public static BuilderOptions Read(IConfiguration configuration, MeshOptions mesh)
    {
        var read = new ConfigurationReader(configuration);
        var defaults = new BuilderOptions { Data = Path.GetFullPath(mesh.Data) };
        return defaults with
        {
            MaxSourceBytes = (read.Number("MESH_BUILDER_MAX_SOURCE_MB", 1, 4096) ?? 256L) << 20,
            Parallel = read.Number("MESH_BUILDER_PARALLEL", 1, 64) ?? defaults.Parallel,
            Queue = read.Number("MESH_BUILDER_QUEUE", 1, 100_000) ?? defaults.Queue,
            Timeout = TimeSpan.FromSeconds(read.Number("MESH_BUILDER_TIMEOUT_SECONDS", 10, 86_400) ?? 900),
            MemoryBytes = (read.Number("MESH_BUILDER_MEMORY_MB", 64, 1 << 20) ?? 2048L) << 20,
            Network = read.Choice<BuildNetwork>("MESH_BUILDER_NETWORK") ?? defaults.Network,
            Stacks = read.Text("MESH_BUILDER_STACKS"),
            StacksCommand = read.Text("MESH_BUILDER_STACKS_COMMAND"),
        };
    }
}

/// <summary>The network that the commands of a build see.</summary>
public enum BuildNetwork
{
    /// <summary>Only the loopback interface of their own.</summary>
    None,

    /// <summary>The host's, together with the host's settings for package registries, certificates and proxies.</summary>
    Host,
}
