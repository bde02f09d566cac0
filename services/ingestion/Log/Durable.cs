using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mesh.Ingestion.Log;

/// <summary>Brings what was written onto the disk itself. A failure here is final: the kernel may have dropped the pages.</summary>
internal static partial class Durable
{
    private const int DirectoryFlags = 0x10000;

    // ENOSPC and EDQUOT of Linux.
    private const int NoSpace = 28, NoQuota = 122;

    /// <summary>Whether only room was missing, so that the same may be tried again.</summary>
    public static bool IsOutOfRoom(IOException exception) =>
        (exception.InnerException is Win32Exception flushed ? flushed.NativeErrorCode : exception.HResult) is NoSpace or NoQuota;

    /// <summary>Waits until the file's data, and the length needed to read it, are on the disk.</summary>
    public static void Data(SafeFileHandle file)
    {
        if (FlushData(file) != 0)
            throw new IOException("fdatasync failed", new Win32Exception(Marshal.GetLastPInvokeError()));
    }

    /// <summary>Waits until the folder's entries (files made, renamed, deleted) are on the disk.</summary>
    public static void Folder(string folder)
    {
        using var handle = Open(folder, DirectoryFlags);
        if (handle.IsInvalid || Flush(handle) != 0)
            throw new IOException($"fsync of {folder} failed", new Win32Exception(Marshal.GetLastPInvokeError()));
    }

    /// <summary>Replaces a file so that a crash leaves either the old content or the new, whole.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".new";
        using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, content, 0);
            Data(file);
        }

        File.Move(temporary, path, overwrite: true);
        Folder(Path.GetDirectoryName(path)!);
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FlushData(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);
}
