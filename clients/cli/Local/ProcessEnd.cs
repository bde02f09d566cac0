using Mesh.Servers;

namespace Mesh.Cli.Local;

/// <summary>Ends processes that need not be children of ours.</summary>
internal static class ProcessEnd
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Asks a process to end, and kills it, with what it left in its session, when the grace time is over.</summary>
    public static async Task StopAsync(PidRecord record, TimeSpan grace, TimeProvider time)
    {
        var begin = time.GetTimestamp();
        if (record.IsAlive)
            LinuxProcess.Signal(record.Pid, record.StopSignal);
        while (record.IsAlive && time.GetElapsedTime(begin) < grace)
            await Task.Delay(Pause, time);
        if (record.IsAlive)
            LinuxProcess.Signal(record.Pid, LinuxProcess.Kill);
        if (record.IsOurSession)
        {
            foreach (var pid in LinuxProcess.OfSession(record.Pid).ToList())
                LinuxProcess.Signal(pid, LinuxProcess.Kill);
        }

        while (record.IsAlive)
            await Task.Delay(Pause, time);
    }

    /// <summary>Kills the processes that carry a mark in the environment that they were started with.</summary>
    public static void KillMarked(string mark)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var pid) && pid != Environment.ProcessId && Carries(folder, mark))
                LinuxProcess.Signal(pid, LinuxProcess.Kill);
        }
    }

    private static bool Carries(string folder, string mark)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "environ")).Split('\0').Contains(mark);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
