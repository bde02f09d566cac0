using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Mesh.Agent.Runtime;

/// <summary>The few system calls that .NET has no class for.</summary>
internal static partial class Linux
{
    public const int SigHup = 1;
    public const int SigInt = 2;
    public const int SigKill = 9;
    public const int SigTerm = 15;

    private const int SetChildSubreaper = 36;
    private const int NewMountNamespace = 0x00020000;
    private const ulong MountRecursive = 0x4000;
    private const ulong MountSlave = 1 << 19;
    private const int NoSuchProcess = 3;

    public static bool IsRoot => GetEffectiveUser() == 0;

    /// <summary>Leaves the session of the parent, so that no terminal signal of its group arrives here.</summary>
    public static void StartSession() => CreateSession();

    /// <summary>Makes orphaned descendants children of this process, which can then learn how they ended.</summary>
    public static void BecomeSubreaper() => Check(ProcessControl(SetChildSubreaper, 1, 0, 0, 0), "prctl");

    /// <summary>
    /// Gives the calling thread mounts of its own that no other process sees. They vanish with the last process that
    /// was started from this thread: no crash leaves one behind.
    /// </summary>
    public static void UnshareMounts()
    {
        Check(Unshare(NewMountNamespace), "unshare");
        Check(MountCall("none", "/", null, MountRecursive | MountSlave, null), "mount /");
    }

    public static void Mount(string source, string target, string type, string options) =>
        Check(MountCall(source, target, type, 0, options), $"mount {target}");

    /// <summary>Changes the working directory of the calling thread's file system context.</summary>
    public static void ChangeDirectory(string path) => Check(ChangeDirectoryCall(path), $"chdir {path}");

    /// <summary>Sends a signal; false when there is no such process.</summary>
    public static bool Kill(int process, int signal)
    {
        if (KillCall(process, signal) == 0) return true;
        if (Marshal.GetLastPInvokeError() == NoSuchProcess) return false;
        throw new Win32Exception(Marshal.GetLastPInvokeError(), $"kill {process}");
    }

    /// <summary>Waits for a child to end. Answers the exit code, 128 + n where signal n ended it.</summary>
    public static (int ExitCode, int Signal) WaitForChild(int process)
    {
        int status;
        while (WaitCall(process, out status, 0) < 0)
        {
            const int interrupted = 4;
            if (Marshal.GetLastPInvokeError() != interrupted)
                throw new Win32Exception(Marshal.GetLastPInvokeError(), $"waitpid {process}");
        }

        var signal = status & 0x7f;
        return signal == 0 ? ((status >> 8) & 0xff, 0) : (128 + signal, signal);
    }

    public static void HardLink(string target, string path) => Check(LinkCall(target, path), $"link {path}");

    public static void MakeFifo(string path, uint mode) => Check(MakeFifoCall(path, mode), $"mkfifo {path}");

    /// <summary>Makes the character device 0:0, by which overlayfs knows a deleted file.</summary>
    public static void MakeWhiteout(string path) => Check(MakeNodeCall(path, 0x2000, 0), $"mknod {path}");

    public static void SetAttribute(string path, string name, string value) =>
        Check(SetAttributeCall(path, name, value, (nuint)value.Length, 0), $"setxattr {path}");

    /// <summary>Changes the owner; of a symbolic link itself, not of what it points to.</summary>
    public static void ChangeOwner(string path, uint user, uint group) => Check(ChangeOwnerCall(path, user, group), $"lchown {path}");

    public static void ChangeMode(string path, uint mode) => Check(ChangeModeCall(path, mode), $"chmod {path}");

    /// <summary>Writes everything of the file system that holds an open file to its disk.</summary>
    public static void SyncFileSystem(SafeHandle file) => Check(SyncCall(file), "syncfs");

    private static void Check(int result, string what)
    {
        if (result < 0) throw new Win32Exception(Marshal.GetLastPInvokeError(), $"{what}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUser();

    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    private static partial int CreateSession();

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int ProcessControl(int option, ulong a, ulong b, ulong c, ulong d);

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MountCall(string source, string target, string? type, ulong flags, string? data);

    [LibraryImport("libc", EntryPoint = "chdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeDirectoryCall(string path);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int KillCall(int process, int signal);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitCall(int process, out int status, int options);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkCall(string target, string path);

    [LibraryImport("libc", EntryPoint = "mkfifo", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeFifoCall(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "mknod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeNodeCall(string path, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "setxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetAttributeCall(string path, string name, string value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwnerCall(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeModeCall(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncCall(SafeHandle file);
}
