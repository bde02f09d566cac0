using System.Globalization;

namespace Mesh.Servers;

/// <summary>The ports of one Consul agent, all on 127.0.0.1.</summary>
public sealed record ConsulPorts(int Http, int Server, int Serf)
{
    public static ConsulPorts Free() => new(FreePorts.Next(), FreePorts.Next(), FreePorts.Next());
}

/// <summary>A Consul agent that is a cluster of its own.</summary>
public static class Consul
{
    /// <summary>An agent without memory, which is ready almost at once.</summary>
    public static ServerCommand InMemory(ConsulPorts ports) => Command(["-dev"], ports);

    /// <summary>A single server that keeps its state in a folder.</summary>
    public static ServerCommand Persistent(string folder, ConsulPorts ports) =>
        Command(
            ["-server", "-bootstrap-expect=1", $"-data-dir={folder}", "-node=mesh", "-disable-host-node-id", "-hcl=performance { raft_multiplier = 1 }"],
            ports);

    private static ServerCommand Command(IReadOnlyList<string> mode, ConsulPorts ports)
    {
        string Port(string name, int port) => string.Create(CultureInfo.InvariantCulture, $"-{name}-port={port}");
        return new ServerCommand(
            Tools.Require("consul"),
            [
                "agent", .. mode, "-bind=127.0.0.1", "-client=127.0.0.1", "-log-level=warn",
                Port("http", ports.Http), Port("server", ports.Server), Port("serf-lan", ports.Serf),
                Port("serf-wan", -1), Port("dns", -1), Port("grpc", -1),
            ]);
    }
}
