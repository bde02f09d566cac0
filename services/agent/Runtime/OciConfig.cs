using System.Text.Json.Nodes;

namespace Mesh.Agent.Runtime;

/// <summary>
/// The OCI runtime configuration of a container: namespaces of its own but for the network, few capabilities, no new
/// privileges, limits. No rlimit is stated: the container inherits the agent's, which may be lower than any default.
/// </summary>
internal static class OciConfig
{
    private static readonly string[] Capabilities =
        ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETGID", "CAP_SETUID"];

    private static readonly string[] Masked =
    [
        "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
        "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
    ];

    private static readonly string[] ReadOnly = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    // Calls that reach into the kernel or out of the namespaces and that no application of ours has a use for.
    private static readonly string[] Refused =
    [
        "acct", "add_key", "bpf", "delete_module", "finit_module", "fsconfig", "fsmount", "fsopen", "init_module", "kexec_file_load",
        "kexec_load", "keyctl", "mount", "mount_setattr", "move_mount", "nfsservctl", "open_by_handle_at", "open_tree",
        "perf_event_open", "pivot_root", "quotactl", "reboot", "request_key", "setns", "swapoff", "swapon", "umount2", "unshare",
        "userfaultfd", "vhangup",
    ];

    public static JsonObject Create(ContainerSpec spec, ContainerFolder folder, string cgroup, ImageUser user) => new()
    {
        ["ociVersion"] = "1.0.2",
        ["hostname"] = spec.HostName,
        ["root"] = new JsonObject { ["path"] = folder.Rootfs },
        ["process"] = ProcessOf(spec, user),
        ["mounts"] = Mounts(spec, folder),
        ["linux"] = new JsonObject
        {
            ["cgroupsPath"] = cgroup,
            ["namespaces"] = new JsonArray([.. ((string[])["mount", "pid", "ipc", "uts", "cgroup"]).Select(type => new JsonObject { ["type"] = type })]),
            ["resources"] = Resources(spec.Limits),
            ["maskedPaths"] = Strings(Masked),
            ["readonlyPaths"] = Strings(ReadOnly),
            ["rootfsPropagation"] = "private",
            ["seccomp"] = new JsonObject
            {
                ["defaultAction"] = "SCMP_ACT_ALLOW",
                ["syscalls"] = new JsonArray(new JsonObject { ["names"] = Strings(Refused), ["action"] = "SCMP_ACT_ERRNO" }),
            },
        },
    };

    private static JsonObject ProcessOf(ContainerSpec spec, ImageUser user)
    {
        var environment = new SortedDictionary<string, string>(spec.Environment.ToDictionary(), StringComparer.Ordinal);
        environment.TryAdd("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        environment.TryAdd("HOME", user.Home);
        return new()
        {
            ["terminal"] = false,
            ["user"] = new JsonObject
            {
                ["uid"] = user.Id,
                ["gid"] = user.Group,
                ["additionalGids"] = new JsonArray([.. user.AdditionalGroups.Select(group => JsonValue.Create(group))]),
            },
            ["args"] = Strings(spec.Arguments),
            ["env"] = Strings(environment.Select(variable => $"{variable.Key}={variable.Value}")),
            ["cwd"] = spec.WorkingDirectory.Length == 0 ? "/" : spec.WorkingDirectory,
            ["noNewPrivileges"] = true,
            ["capabilities"] = new JsonObject
            {
                ["bounding"] = Strings(Capabilities),
                ["effective"] = Strings(Capabilities),
                ["permitted"] = Strings(Capabilities),
            },
        };
    }

    private static JsonArray Mounts(ContainerSpec spec, ContainerFolder folder) =>
    [
        Mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
        Mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=1m"),
        Mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"),
        Mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=64m"),
        Mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
        Mount("/tmp", "tmpfs", "tmpfs", "nosuid", "nodev", "mode=1777", $"size={Math.Max(spec.Limits.MemoryBytes / 2, 1 << 20)}"),
        Mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
        Mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro"),
        Mount("/etc/resolv.conf", "bind", folder.Resolv, "bind", "ro", "nosuid", "nodev"),
        Mount("/etc/hosts", "bind", folder.Hosts, "bind", "ro", "nosuid", "nodev"),
    ];

    private static JsonObject Resources(ContainerLimits limits)
    {
        const int period = 100_000;
        var cpu = new JsonObject { ["shares"] = Math.Max(2, limits.CpuReservedMillis * 1024L / 1000) };
        if (limits.CpuLimitMillis > 0)
        {
            cpu["period"] = period;
            cpu["quota"] = Math.Max(1000, limits.CpuLimitMillis * (long)period / 1000);
        }

        return new()
        {
            ["devices"] = new JsonArray(new JsonObject { ["allow"] = false, ["access"] = "rwm" }),
            ["memory"] = Memory(limits.MemoryBytes),
            ["cpu"] = cpu,
            ["pids"] = new JsonObject { ["limit"] = limits.Processes },
        };
    }

    // A limit of memory that could be evaded by swapping is none; where the kernel does not count swap, none is stated.
    private static JsonObject Memory(long bytes)
    {
        var memory = new JsonObject { ["limit"] = bytes };
        if (File.Exists("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes") || File.Exists("/sys/fs/cgroup/cgroup.controllers"))
            memory["swap"] = bytes;
        return memory;
    }

    private static JsonObject Mount(string destination, string type, string source, params string[] options) => new()
    {
        ["destination"] = destination,
        ["type"] = type,
        ["source"] = source,
        ["options"] = Strings(options),
    };

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(value => JsonValue.Create(value))]);
}
