using Mesh.Servers;

namespace Mesh.Cli.Local;

/// <summary>The ports of a stack by name. They are chosen once and kept, so that a stack has the same addresses each time.</summary>
internal sealed class StackPorts(IReadOnlyDictionary<string, int> ports)
{
    private static readonly string[] Names =
    [
        "postgres", "clickhouse", "consul", "consul-server", "consul-serf",
        "controller", "builder", "registry", "scheduler", "ingestion", "agent", "router", "router-http", "router-api",
    ];

    public int this[string name] => ports[name];

    public IReadOnlyDictionary<string, int> All => ports;

    /// <summary>Takes the kept ports. A port that another program has taken meanwhile is replaced, and so is one that is not kept yet.</summary>
    /// <param name="kept">The ports of the last time.</param>
    /// <param name="isFree">Whether nobody listens on a port.</param>
    /// <param name="next">Chooses a free port.</param>
    public static StackPorts Choose(IReadOnlyDictionary<string, int> kept, Func<int, bool> isFree, Func<int> next)
    {
        var ports = new Dictionary<string, int>();
        foreach (var name in Names)
            ports[name] = kept.TryGetValue(name, out var port) && isFree(port) ? port : FreshPort(kept, next);
        return new StackPorts(ports);
    }

    public static StackPorts Load(StackFolder folder)
    {
        var file = folder.In("ports.json");
        var ports = Choose(StackFolder.Read<Dictionary<string, int>>(file) ?? [], FreePorts.IsFree, FreePorts.Next);
        StackFolder.Write(file, ports.All);
        return ports;
    }

    private static int FreshPort(IReadOnlyDictionary<string, int> kept, Func<int> next)
    {
        var port = next();
        while (kept.Values.Contains(port))
            port = next();
        return port;
    }
}
