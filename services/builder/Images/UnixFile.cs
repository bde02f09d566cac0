using System.Runtime.InteropServices;

namespace Mesh.Builder.Images;

/// <summary>What the base library cannot say or do about files.</summary>
internal static partial class UnixFile
{
    private const int FollowNoLinks = 0x100;
    private const uint TypeMask = 0xF000;
    private const uint Regular = 0x8000;
    private const uint WantType = 1;
    private const int CurrentFolder = -100;

    /// <summary>Whether the path is a regular file itself: no link, pipe, socket or device.</summary>
    public static bool IsRegular(string path)
    {
        var buffer = new byte[256]; // struct statx; its mode is a 16-bit word at offset 28
        if (StatX(CurrentFolder, path, FollowNoLinks, WantType, buffer) != 0)
            throw new IOException($"{path}: cannot be examined (error {Marshal.GetLastPInvokeError()}).");
        return (BitConverter.ToUInt16(buffer, 28) & TypeMask) == Regular;
    }

    /// <summary>Gives the tree to a user; links are given themselves, not what they point to.</summary>
    public static void ChangeOwner(string root, int user)
    {
        Change(root, user);
        var all = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, MaxRecursionDepth = int.MaxValue };
        foreach (var path in Directory.EnumerateFileSystemEntries(root, "*", all))
            Change(path, user);
    }

    /// <summary>Gives one file or folder to a user.</summary>
    public static void ChangeOwnerOfOne(string path, int user) => Change(path, user);

    private static void Change(string path, int user)
    {
        if (ChangeOwnerOfLink(path, user, user) != 0)
            throw new IOException($"{path}: cannot be given to user {user} (error {Marshal.GetLastPInvokeError()}).");
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int folder, string path, int flags, uint mask, [Out] byte[] buffer);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwnerOfLink(string path, int user, int group);
}
