using System.Globalization;
using Mesh.Servers;

namespace Mesh.Cli.Local;

/// <summary>
/// Ends the nginx that a killed router left behind. It is a session of its own, and it writes its title over the environment that it was
/// started with, so that only its own file tells which process it is.
/// </summary>
internal static class NginxCleanup
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public static async Task RunAsync(string routerFolder, TimeProvider time)
    {
        var file = Path.Combine(routerFolder, "nginx.pid");
        if (!File.Exists(file) || !int.TryParse((await File.ReadAllTextAsync(file)).Trim(), CultureInfo.InvariantCulture, out var master))
            return;
        var title = Title(master);
        // The number may belong to another process by now.
        if (title.Length > 0 && !(title.StartsWith("nginx: master process", StringComparison.Ordinal) && title.Contains(routerFolder, StringComparison.Ordinal)))
            return;
        // A master that was killed leaves workers which serve on; the number is not used again while they are there.
        int[] members = [master, .. LinuxProcess.OfSession(master)];
        foreach (var pid in members.Where(IsNginx))
            LinuxProcess.Signal(pid, LinuxProcess.Kill);
        while (members.Any(IsNginx))
            await Task.Delay(Pause, time);
        File.Delete(file);
    }

    private static bool IsNginx(int pid) => Title(pid).StartsWith("nginx: ", StringComparison.Ordinal);

    private static string Title(int pid)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cmdline")).Replace('\0', ' ').Trim();
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
