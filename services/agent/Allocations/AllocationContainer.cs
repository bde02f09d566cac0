using System.Globalization;
using Mesh.Agent.Images;
using Mesh.Agent.Runtime;

namespace Mesh.Agent.Allocations;

/// <summary>Puts together what a container gets from its image, its workload and the agent.</summary>
internal static class AllocationContainer
{
    public static ContainerSpec Create(AllocationSpec spec, LocalImage image, int port)
    {
        IReadOnlyList<string> arguments = spec.Command.Count > 0
            ? spec.Command
            : [.. image.Defaults.Entrypoint ?? [], .. image.Defaults.Cmd ?? []];
        if (arguments.Count == 0) throw new RuntimeException("Neither the workload nor its image says what to run.");
        return new(
            spec.Uid, image.Layers, arguments, Environment(spec, image, port),
            spec.User.Length > 0 ? spec.User : image.Defaults.User ?? "",
            spec.WorkingDirectory.Length > 0 ? spec.WorkingDirectory : image.Defaults.WorkingDir ?? "",
            HostName(spec),
            new(spec.Limits.CpuReservedMillis, spec.Limits.CpuLimitMillis, spec.Limits.MemoryBytes, spec.Limits.Processes));
    }

    private static Dictionary<string, string> Environment(AllocationSpec spec, LocalImage image, int port)
    {
        Dictionary<string, string> environment = [];
        foreach (var variable in image.Defaults.Env ?? [])
            if (variable.IndexOf('=', StringComparison.Ordinal) is var equals and > 0) environment[variable[..equals]] = variable[(equals + 1)..];
        foreach (var (name, value) in spec.Environment) environment[name] = value;
        environment["MESH_TENANT"] = spec.Tenant;
        environment["MESH_ALLOCATION"] = spec.Uid;
        environment["MESH_REVISION"] = spec.Revision.ToString(CultureInfo.InvariantCulture);
        foreach (var label in (string[])["app", "deployment", "process"])
            if (spec.Labels.TryGetValue(label, out var value)) environment[$"MESH_{label.ToUpperInvariant()}"] = value;
        if (port > 0) environment["PORT"] = port.ToString(CultureInfo.InvariantCulture);
        return environment;
    }

    // At most 64 bytes, and the allocation's own end of it tells copies apart.
    private static string HostName(AllocationSpec spec)
    {
        var process = spec.Labels.GetValueOrDefault("process", "process");
        var app = spec.Labels.GetValueOrDefault("app", "app");
        return $"{(app.Length > 30 ? app[..30] : app)}-{(process.Length > 20 ? process[..20] : process)}-{spec.Uid[^6..]}";
    }
}
