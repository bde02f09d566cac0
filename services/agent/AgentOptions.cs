using Mesh.Common.Hosting;

namespace Mesh.Agent;

/// <summary>What becomes of the allocations when the agent is asked to end.</summary>
public enum OnStop
{
    /// <summary>They run on; the next agent takes them up.</summary>
    Keep,

    /// <summary>They are stopped; the next agent starts them anew.</summary>
    Stop,
}

/// <summary>What the agent reads from its environment.</summary>
public sealed record AgentOptions
{
    /// <summary>MESH_AGENT_ID: the node's id; empty means one that is made at the first start and kept.</summary>
    public string Node { get; init; } = "";

    /// <summary>MESH_AGENT_ZONE: the node's zone.</summary>
    public string Zone { get; init; } = "";

    /// <summary>MESH_AGENT_LABELS: `disk=ssd,rack=7`; each becomes the attribute `label.disk` and so on.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>MESH_AGENT_RUNTIME: `runc`, `process`, or `auto` for runc where it can work.</summary>
    public string Runtime { get; init; } = "auto";

    /// <summary>MESH_AGENT_ON_STOP: `keep` or `stop`.</summary>
    public OnStop OnStop { get; init; } = OnStop.Keep;

    /// <summary>MESH_AGENT_CPU_MILLIS: what allocations may reserve; 0 means all of the host.</summary>
    public int CpuMillis { get; init; }

    /// <summary>MESH_AGENT_MEMORY_MIB: what allocations may reserve; 0 means nine tenths of the host's.</summary>
    public int MemoryMib { get; init; }

    /// <summary>MESH_AGENT_METRICS_SECONDS: the time between two measurements.</summary>
    public TimeSpan MetricsInterval { get; init; } = TimeSpan.FromSeconds(5);

    internal static AgentOptions Read(IConfiguration configuration)
    {
        var read = new ConfigurationReader(configuration);
        return new()
        {
            Node = read.Text("MESH_AGENT_ID") ?? "",
            Zone = read.Text("MESH_AGENT_ZONE") ?? "",
            Labels = Parse(read.Text("MESH_AGENT_LABELS") ?? ""),
            Runtime = read.Text("MESH_AGENT_RUNTIME") ?? "auto",
            OnStop = read.Choice<OnStop>("MESH_AGENT_ON_STOP") ?? OnStop.Keep,
            CpuMillis = read.Number("MESH_AGENT_CPU_MILLIS", 0, int.MaxValue) ?? 0,
            MetricsInterval = TimeSpan.FromSeconds(read.Number("MESH_AGENT_METRICS_SECONDS", 1, 3600) ?? 5),
            MemoryMib = read.Number("MESH_AGENT_MEMORY_MIB", 0, int.MaxValue) ?? 0,
        };
    }

    private static Dictionary<string, string> Parse(string labels) => labels
        .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(label => label.Split('=', 2))
        .ToDictionary(label => label[0], label => label.Length == 2 ? label[1] : throw new InvalidOperationException($"MESH_AGENT_LABELS must be name=value,…; \"{label[0]}\" has no value."));
}
