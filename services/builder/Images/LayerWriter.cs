using System.Formats.Tar;
using System.IO.Compression;
using Mesh.Builder.Builds;

namespace Mesh.Builder.Images;

/// <summary>
/// Packs a folder as an OCI layer. The bytes depend only on names, contents, links and execute bits: entries are sorted, times
/// are zero, owners and modes are fixed.
/// </summary>
public static class LayerWriter
{
    /// <summary>The user and group that own an app's files and run its processes.</summary>
    public const int AppUser = 1000;

    private const UnixFileMode Executable = (UnixFileMode)0x1ED; // rwxr-xr-x
    private const UnixFileMode Plain = (UnixFileMode)0x1A4; // rw-r--r--
    private const UnixFileMode All = (UnixFileMode)0x1FF;

    /// <summary>Writes <paramref name="folder"/> as <paramref name="target"/> of the image to the file <paramref name="path"/>.</summary>
    /// <param name="folder">The folder whose content is packed.</param>
    /// <param name="target">The folder of the image that it becomes, without a leading slash.</param>
    /// <param name="path">The file to write.</param>
    /// <param name="cancellationToken">Stops the writing; the file is then incomplete.</param>
    public static async Task<Layer> WriteAsync(string folder, string target, string path, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 17, useAsync: true);
        await using var compressed = new HashingStream(file);
        string diffId;
        await using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        await using (var plain = new HashingStream(gzip))
        {
            await using (var tar = new TarWriter(plain, TarEntryFormat.Gnu, leaveOpen: true))
            {
                foreach (var parent in Parents(target))
                    await tar.WriteEntryAsync(Entry(TarEntryType.Directory, parent + "/", Executable), cancellationToken);
                await WriteFolderAsync(tar, new DirectoryInfo(folder), target, cancellationToken);
            }
            diffId = plain.Digest;
        }
        await file.FlushAsync(cancellationToken);
        return new Layer(new Descriptor(MediaTypes.LayerGzip, compressed.Digest, compressed.Length), diffId);
    }

    private static IEnumerable<string> Parents(string target)
    {
        for (var slash = target.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = target.IndexOf('/', slash + 1))
            yield return target[..slash];
        yield return target;
    }

    private static async Task WriteFolderAsync(TarWriter tar, DirectoryInfo folder, string name, CancellationToken cancellationToken)
    {
        foreach (var child in folder.EnumerateFileSystemInfos().OrderBy(child => child.Name, StringComparer.Ordinal))
        {
            var childName = $"{name}/{child.Name}";
            if (child.LinkTarget is { } link)
            {
                var entry = Entry(TarEntryType.SymbolicLink, childName, All);
                entry.LinkName = link;
                await tar.WriteEntryAsync(entry, cancellationToken);
            }
            else if (child is DirectoryInfo directory)
            {
                await tar.WriteEntryAsync(Entry(TarEntryType.Directory, childName + "/", Executable), cancellationToken);
                await WriteFolderAsync(tar, directory, childName, cancellationToken);
            }
            else
            {
                await WriteFileAsync(tar, (FileInfo)child, childName, cancellationToken);
            }
        }
    }

    private static async Task WriteFileAsync(TarWriter tar, FileInfo file, string name, CancellationToken cancellationToken)
    {
        // Opening a pipe would wait for its writer: such entries are told apart before.
        if (!UnixFile.IsRegular(file.FullName))
            throw new BuildFailedException("SOURCE_INVALID", $"/{name} is neither a file, a folder nor a link.");
        var entry = Entry(TarEntryType.RegularFile, name, (file.UnixFileMode & UnixFileMode.UserExecute) != 0 ? Executable : Plain);
        await using var content = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
        entry.DataStream = content;
        await tar.WriteEntryAsync(entry, cancellationToken);
    }

    private static GnuTarEntry Entry(TarEntryType type, string name, UnixFileMode mode) => new(type, name)
    {
        Mode = mode,
        Uid = AppUser,
        Gid = AppUser,
        ModificationTime = DateTimeOffset.UnixEpoch,
    };
}
