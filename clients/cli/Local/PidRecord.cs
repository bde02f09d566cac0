using System.Globalization;
using Mesh.Servers;

namespace Mesh.Cli.Local;

/// <summary>
/// What identifies a process beyond the life of who started it: numbers are used again, but not with the same start in the same run of
/// the machine.
/// </summary>
internal sealed record PidRecord(string Name, int Pid, long Start, string Boot, int StopSignal, int Stage)
{
    private static readonly string CurrentBoot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>Whether that very process still runs.</summary>
    public bool IsAlive => Boot == CurrentBoot && LinuxProcess.StartOf(Pid) == Start;

    /// <summary>
    /// Whether a session of the process's number is the one that it led. The number is not used again while the session has members,
    /// so it is unless another process has it now.
    /// </summary>
    public bool IsOurSession => Boot == CurrentBoot && (LinuxProcess.StartOf(Pid) ?? Start) == Start;

    /// <summary>Describes a running process; null when it is gone already.</summary>
    public static PidRecord? Of(string name, int pid, int stopSignal, int stage = 0) =>
        LinuxProcess.StartOf(pid) is { } start ? new PidRecord(name, pid, start, CurrentBoot, stopSignal, stage) : null;

    /// <summary>The records of a folder.</summary>
    public static IReadOnlyList<PidRecord> ReadAll(string folder) =>
        Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, "*.json").Select(StackFolder.Read<PidRecord>).OfType<PidRecord>()]
            : [];

    public void Write(string folder) => StackFolder.Write(FileOf(folder, Name), this);

    public void Delete(string folder) => File.Delete(FileOf(folder, Name));

    private static string FileOf(string folder, string name) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{name}.json"));
}
