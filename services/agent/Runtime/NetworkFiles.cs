namespace Mesh.Agent.Runtime;

/// <summary>Writes `/etc/hosts` and `/etc/resolv.conf` of a container, which shares the network of its host.</summary>
internal static class NetworkFiles
{
    public static void Write(ContainerFolder folder, string hostName)
    {
        File.WriteAllText(folder.Hosts, $"127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 {hostName}\n");
        File.WriteAllText(folder.Resolv, File.Exists("/etc/resolv.conf") ? File.ReadAllText("/etc/resolv.conf") : "");
        const UnixFileMode readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        File.SetUnixFileMode(folder.Hosts, readable);
        File.SetUnixFileMode(folder.Resolv, readable);
    }
}
