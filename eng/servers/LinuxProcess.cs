using System.Globalization;
using System.Runtime.InteropServices;

namespace Mesh.Servers;

/// <summary>What Linux tells about processes, and signals to them.</summary>
public static partial class LinuxProcess
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;

    /// <summary>Whether this process may do everything.</summary>
    public static bool IsRoot { get; } = EffectiveUser() == 0;

    /// <summary>Sends a signal; false when there is no such process.</summary>
    public static bool Signal(int pid, int signal) => SendSignal(pid, signal) == 0;

    /// <summary>
    /// When the process was started, in clock ticks since the machine's start; null when it is gone or only waits to be collected.
    /// A number that is used again by another process has another start.
    /// </summary>
    public static long? StartOf(int pid) =>
        Stat(pid) is { } stat && stat[0] is not ("Z" or "X") ? long.Parse(stat[19], CultureInfo.InvariantCulture) : null;

    /// <summary>The processes of a session: those that its leader started and that made no session of their own.</summary>
    public static IEnumerable<int> OfSession(int session) =>
        from folder in Directory.EnumerateDirectories("/proc")
        let pid = int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var number) ? number : 0
        where pid > 0 && Stat(pid) is { } stat && stat[0] is not ("Z" or "X") && stat[3] == session.ToString(CultureInfo.InvariantCulture)
        select pid;

    /// <summary>Gives a file or folder to a user and a group of the same number.</summary>
    internal static void GiveTo(string path, int user)
    {
        if (ChangeOwner(path, user, user) != 0)
            throw new IOException($"cannot give {path} to user {user}: error {Marshal.GetLastPInvokeError()}");
    }

    // The fields after the name, which is in parentheses and may hold anything: state is 0, session 3, start time 19.
    private static string[]? Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, int user, int group);
}
