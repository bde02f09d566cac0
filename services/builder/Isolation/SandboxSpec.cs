using System.Text.Json;
using System.Text.Json.Nodes;
using Mesh.Builder.Images;

namespace Mesh.Builder.Isolation;

/// <summary>Writes the OCI runtime configuration of a sandbox.</summary>
internal static class SandboxSpec
{
    private static readonly string[] Masked =
        ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"];

    private static readonly string[] ReadOnly = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    public static JsonObject Of(SandboxCommand command, BuilderOptions options) => new()
    {
        ["ociVersion"] = "1.0.2",
        ["process"] = new JsonObject
        {
            ["terminal"] = false,
            ["user"] = new JsonObject { ["uid"] = LayerWriter.AppUser, ["gid"] = LayerWriter.AppUser },
            ["args"] = Texts(command.Command),
            ["env"] = Texts(command.Environment.Select(pair => $"{pair.Key}={pair.Value}")),
            ["cwd"] = "/app",
            ["noNewPrivileges"] = true,
        },
        ["root"] = new JsonObject { ["path"] = command.RootFolder, ["readonly"] = true },
        ["hostname"] = "build",
        ["mounts"] = new JsonArray([.. Mounts(command)]),
        ["linux"] = new JsonObject
        {
            ["namespaces"] = Namespaces(options.Network),
            ["resources"] = Resources(options),
            ["cgroupsPath"] = $"/mesh-builder/{command.Id}",
            ["maskedPaths"] = Texts(Masked),
            ["readonlyPaths"] = Texts(ReadOnly),
        },
    };

    private static IEnumerable<JsonNode> Mounts(SandboxCommand command)
    {
        yield return Mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev");
        yield return Mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k");
        yield return Mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=256m");
        foreach (var bind in command.Binds)
            yield return Mount(bind.Target, "bind", bind.Source, "rbind", "nosuid", "nodev", bind.IsWritable ? "rw" : "ro");
    }

    private static JsonObject Mount(string target, string type, string source, params string[] options) => new()
    {
        ["destination"] = target,
        ["type"] = type,
        ["source"] = source,
        ["options"] = Texts(options),
    };

    private static JsonArray Namespaces(BuildNetwork network)
    {
        string[] names = network == BuildNetwork.Host ? ["pid", "ipc", "uts", "mount"] : ["pid", "ipc", "uts", "mount", "network"];
        return new JsonArray([.. names.Select(name => new JsonObject { ["type"] = name })]);
    }

    private static JsonObject Resources(BuilderOptions options) => new()
    {
        ["devices"] = JsonSerializer.SerializeToNode(new[] { new { allow = false, access = "rwm" } }),
        ["memory"] = new JsonObject { ["limit"] = options.MemoryBytes },
        ["pids"] = new JsonObject { ["limit"] = 2048 },
    };

    private static JsonArray Texts(IEnumerable<string> values) => new([.. values.Select(value => JsonValue.Create(value))]);
}
