using System.Globalization;

namespace Mesh.Agent.Runtime;

/// <summary>
/// Control groups of either version. All containers of one agent lie in one group, whose name is made of the agent's
/// data folder, so that two agents on one host do not touch each other's.
/// </summary>
public sealed class Cgroups(string scope, string mount = "/sys/fs/cgroup")
{
    /// <summary>2 where the unified hierarchy has the memory controller, 1 where it has a hierarchy of its own, 0 where neither is.</summary>
    public int Version { get; } = DetectVersion(mount);

    /// <summary>The group of a container, as runc names it.</summary>
    public string Group(string id) => $"/{scope}/{id}";

    /// <summary>The file that counts how often the kernel ended a process of the container for want of memory.</summary>
    public string? OomFile(string id) => Version switch
    {
        2 => Folder("", id) + "/memory.events",
        1 => Folder("memory", id) + "/memory.oom_control",
        _ => null,
    };

    public static bool CountsOomKill(string? oomFile) => oomFile is not null && File.Exists(oomFile)
        && File.ReadLines(oomFile).Any(line => line.StartsWith("oom_kill ", StringComparison.Ordinal) && line != "oom_kill 0");

    public ContainerUsage? ReadUsage(string id)
    {
        try
        {
            return Version switch
            {
                2 => new(
                    Field(Folder("", id) + "/cpu.stat", "usage_usec") / 1e6,
                    Number(Folder("", id) + "/memory.current") - Field(Folder("", id) + "/memory.stat", "inactive_file"),
                    Number(Folder("", id) + "/pids.current")),
                1 => new(
                    Number(Folder("cpuacct", id) + "/cpuacct.usage") / 1e9,
                    Number(Folder("memory", id) + "/memory.usage_in_bytes") - Field(Folder("memory", id) + "/memory.stat", "total_inactive_file"),
                    Number(Folder("pids", id) + "/pids.current")),
                _ => null,
            };
        }
        catch (IOException)
        {
            // The group goes with its last process, at any moment.
            return null;
        }
    }

    /// <summary>The processes of a container, as the host numbers them.</summary>
    public IReadOnlyList<int> Processes(string id)
    {
        try
        {
            var folder = Folder(Version == 2 ? "" : "pids", id);
            return Directory.Exists(folder)
                ? [.. File.ReadLines(folder + "/cgroup.procs").Select(line => int.Parse(line, CultureInfo.InvariantCulture)).Where(process => process > 0)]
                : [];
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>The ids of all containers that have a group.</summary>
    public IReadOnlyCollection<string> Ids() =>
        [.. Hierarchies().Select(hierarchy => $"{hierarchy}/{scope}").Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories).Select(folder => Path.GetFileName(folder)).Distinct()];

    /// <summary>Removes the groups of a container without processes.</summary>
    public void Remove(string id)
    {
        foreach (var folder in Hierarchies().Select(hierarchy => $"{hierarchy}/{scope}/{id}").Where(Directory.Exists))
        {
            try
            {
                Directory.Delete(folder);
            }
            catch (IOException)
            {
                // A process that is just ending still counts; the next sweep finds the group again.
            }
        }
    }

    private static int DetectVersion(string mount)
    {
        var unified = mount + "/cgroup.controllers";
        if (File.Exists(unified) && File.ReadAllText(unified).Split(' ', '\n').Contains("memory")) return 2;
        return Directory.Exists(mount + "/memory") ? 1 : 0;
    }

    private string Folder(string controller, string id) => Path.Combine(mount, controller) + Group(id);

    private IEnumerable<string> Hierarchies() => Version == 2 ? [mount] : Directory.Exists(mount) ? Directory.EnumerateDirectories(mount) : [];

    private static long Number(string path) => long.Parse(File.ReadAllText(path), CultureInfo.InvariantCulture);

    private static long Field(string path, string name) => File.ReadLines(path)
        .Where(line => line.StartsWith(name + " ", StringComparison.Ordinal))
        .Select(line => long.Parse(line.AsSpan(name.Length + 1), CultureInfo.InvariantCulture)).FirstOrDefault();
}
