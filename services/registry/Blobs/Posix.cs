using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mesh.Registry.Blobs;

/// <summary>The two calls of the operating system that .NET does not offer as they are needed here.</summary>
internal static partial class Posix
{
    private const int NoEntry = 2;
    private const int ReadOnly = 0x80000; // O_RDONLY | O_CLOEXEC

    /// <summary>Makes the entries of a folder durable: a rename outlives a power cut only after this.</summary>
    public static void FlushDirectory(string directory)
    {
        using var handle = OpenRead(directory) ?? throw new DirectoryNotFoundException($"No folder {directory}.");
        if (Sync(handle) != 0) throw Failure("flush", directory);
    }

    /// <summary>Opens for reading without the lock that .NET takes, which would meet the lock of a writer; null when absent.</summary>
    public static SafeFileHandle? OpenRead(string path)
    {
        var descriptor = Open(path, ReadOnly);
        if (descriptor >= 0) return new SafeFileHandle(descriptor, ownsHandle: true);
        return Marshal.GetLastPInvokeError() == NoEntry ? null : throw Failure("open", path);
    }

    private static IOException Failure(string verb, string path) =>
        new($"Cannot {verb} {path}.", new Win32Exception(Marshal.GetLastPInvokeError()));

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle descriptor);
}
