using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using Mesh.Agent.Runtime;
using Mesh.Common.Hosting;
using Mesh.Scheduler.V1;

namespace Mesh.Agent.Scheduling;

/// <summary>What the agent finds out about its host.</summary>
public sealed class NodeFingerprint(NodeIdentity identity, AgentOptions options, MeshOptions mesh, IContainerRuntime runtime)
{
    private string? _address;

    /// <summary>The IP address at which allocations of this node are reached; a name is looked up once.</summary>
    public string Address => _address ??= NodeAddress.Of(mesh.Advertise).ToString();

    public ConnectRequest.Types.Hello Hello() => new()
    {
        NodeId = identity.Id,
        Address = Address,
        Version = typeof(NodeFingerprint).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
        Capacity = new()
        {
            CpuMillis = options.CpuMillis > 0 ? options.CpuMillis : Environment.ProcessorCount * 1000,
            MemoryBytes = options.MemoryMib > 0 ? (long)options.MemoryMib << 20 : MemoryTotal() / 10 * 9,
            DiskBytes = new DriveInfo(Path.GetFullPath(mesh.Data)).AvailableFreeSpace,
        },
        Attributes = { Attributes() },
    };

    private Dictionary<string, string> Attributes()
    {
        Dictionary<string, string> attributes = new()
        {
            ["host"] = Environment.MachineName,
            ["os"] = "linux",
            ["kernel"] = KernelVersion(),
            ["arch"] = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64",
            ["cpu.count"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
            ["memory.bytes"] = MemoryTotal().ToString(CultureInfo.InvariantCulture),
            ["runtime"] = runtime.Name,
            ["runtime.description"] = runtime.Description,
        };
        if (options.Zone.Length > 0) attributes["zone"] = options.Zone;
        foreach (var (name, value) in options.Labels) attributes[$"label.{name}"] = value;
        return attributes;
    }

    private static string KernelVersion() => File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    private static long MemoryTotal() => long.Parse(
        File.ReadLines("/proc/meminfo").First(line => line.StartsWith("MemTotal:", StringComparison.Ordinal))[9..].Replace("kB", "", StringComparison.Ordinal),
        CultureInfo.InvariantCulture) << 10;
}
