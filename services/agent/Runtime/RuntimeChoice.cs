using System.Security.Cryptography;
using System.Text;

namespace Mesh.Agent.Runtime;

/// <summary>Decides once, at start, how this host runs containers.</summary>
public static class RuntimeChoice
{
    /// <param name="wanted">`runc`, `process`, or `auto` for runc where it can work.</param>
    public static IContainerRuntime Choose(string wanted, string data)
    {
        var runc = FindRunc();
        var cgroups = new Cgroups("mesh-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(data)))[..8]);
        var missing = !Linux.IsRoot ? "root" : runc is null ? "runc" : cgroups.Version == 0 ? "control groups" : null;
        if (wanted == "runc" && missing is not null) throw new RuntimeException($"MESH_AGENT_RUNTIME is runc, but {missing} is missing.");
        if (wanted == "process" || missing is not null) return new ProcessRuntime(LayerFolder(data, "layers-plain"));
        if (data.AsSpan().ContainsAny(",:\\")) throw new RuntimeException($"The data folder {data} holds a character that mount options cannot: , : or \\.");
        return new RuncRuntime(runc!, Folder(data, "runc"), LayerFolder(data, "layers"), cgroups);
    }

    private static string LayerFolder(string data, string name) => Folder(data, Path.Combine("images", name));

    private static string Folder(string data, string name) => Directory.CreateDirectory(Path.Combine(data, name)).FullName;

    private static string? FindRunc() => (Environment.GetEnvironmentVariable("PATH") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin")
        .Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, "runc")).FirstOrDefault(File.Exists);
}
