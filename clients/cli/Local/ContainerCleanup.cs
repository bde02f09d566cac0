using System.Diagnostics;
using Mesh.Servers;

namespace Mesh.Cli.Local;

/// <summary>Ends the containers and mounts that an agent left behind, for instance because it was killed and not started again.</summary>
internal static class ContainerCleanup
{
    public static async Task RunAsync(string agentFolder)
    {
        if (!LinuxProcess.IsRoot || !Directory.Exists(agentFolder))
            return;
        var state = Path.Combine(agentFolder, "runc");
        if (Tools.Find("runc") is { } runc && Directory.Exists(state))
        {
            foreach (var container in Directory.EnumerateDirectories(state))
                await RunAsync(runc, "--root", state, "delete", "--force", Path.GetFileName(container));
        }

        foreach (var mount in MountsUnder(agentFolder, File.ReadLines("/proc/self/mountinfo")))
            await RunAsync("umount", "-l", mount);
    }

    /// <summary>The mount points below a folder, the deepest first.</summary>
    internal static IReadOnlyList<string> MountsUnder(string folder, IEnumerable<string> mountInfo) =>
    [
        .. mountInfo
            .Select(line => line.Split(' ')[4].Replace("\\040", " ", StringComparison.Ordinal))
            .Where(mount => mount.StartsWith(folder + "/", StringComparison.Ordinal))
            .Reverse(),
    ];

    private static async Task RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        await Task.WhenAll(process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
        await process.WaitForExitAsync();
    }
}
