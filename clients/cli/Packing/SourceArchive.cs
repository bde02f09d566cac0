using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using Mesh.Cli.Session;

namespace Mesh.Cli.Packing;

/// <summary>
/// A folder as tar.gz. The same files give the same bytes: sorted, without times and owners. In a git work tree what git ignores is
/// left out.
/// </summary>
internal static class SourceArchive
{
    private static readonly string[] s_neverPacked = [".git", ".mesh", "node_modules"];

    /// <summary>Writes the archive to a file that goes when it is closed; positioned at its beginning.</summary>
    public static async Task<FileStream> PackAsync(string folder, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder)) throw new CliException($"There is no folder `{folder}`.", ExitCodes.Usage);
        var files = await FilesAsync(folder, cancellationToken);
        if (files.Count == 0) throw new CliException($"The folder `{folder}` has no files to deploy.", ExitCodes.Usage);
        var archive = new FileStream(
            Path.Combine(Path.GetTempPath(), $"mesh-{Guid.NewGuid():N}.tar.gz"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16,
            FileOptions.DeleteOnClose | FileOptions.Asynchronous);
        await using (var gzip = new GZipStream(archive, CompressionLevel.Fastest, leaveOpen: true))
        await using (var tar = new TarWriter(gzip, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var file in files) await AddAsync(tar, folder, file, cancellationToken);
        }
        archive.Position = 0;
        return archive;
    }

    /// <summary>The archive's digest, `sha256:{hex}`.</summary>
    public static async Task<string> DigestAsync(FileStream archive, CancellationToken cancellationToken)
    {
        var hash = await SHA256.HashDataAsync(archive, cancellationToken);
        archive.Position = 0;
        return "sha256:" + Convert.ToHexStringLower(hash);
    }

    private static async Task AddAsync(TarWriter tar, string folder, string file, CancellationToken cancellationToken)
    {
        var path = new FileInfo(Path.Combine(folder, file));
        var entry = new PaxTarEntry(path.LinkTarget is null ? TarEntryType.RegularFile : TarEntryType.SymbolicLink, file)
        {
            ModificationTime = DateTimeOffset.UnixEpoch,
            Mode = (UnixFileMode)(IsExecutable(path) ? 0b111_101_101 : 0b110_100_100),
        };
        if (path.LinkTarget is { } target)
        {
            entry.LinkName = target;
            await tar.WriteEntryAsync(entry, cancellationToken);
            return;
        }
        await using var data = path.OpenRead();
        entry.DataStream = data;
        await tar.WriteEntryAsync(entry, cancellationToken);
    }

    private static bool IsExecutable(FileInfo file) =>
        file.LinkTarget is null && !OperatingSystem.IsWindows() && file.UnixFileMode.HasFlag(UnixFileMode.UserExecute);

    private static async Task<List<string>> FilesAsync(string folder, CancellationToken cancellationToken)
    {
        var files = await GitFilesAsync(folder, cancellationToken) ?? Walk(folder);
        files.Sort(StringComparer.Ordinal);
        return files;
    }

    /// <summary>What git knows or would add; null outside a work tree, and where a whole folder is ignored.</summary>
    private static async Task<List<string>?> GitFilesAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            var start = new ProcessStartInfo("git", ["-C", folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
            };
            using var git = Process.Start(start)!;
            var errors = git.StandardError.ReadToEndAsync(cancellationToken);
            var listed = await git.StandardOutput.ReadToEndAsync(cancellationToken);
            await errors;
            await git.WaitForExitAsync(cancellationToken);
            if (git.ExitCode != 0) return null;
            var files = listed.Split('\0', StringSplitOptions.RemoveEmptyEntries).Distinct().Where(f => IsPacked(new FileInfo(Path.Combine(folder, f)))).ToList();
            return files.Count == 0 ? null : files;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    // A link is packed as a link, whether it leads to a file, to a folder or to nothing. What git lists and is a folder is a submodule.
    private static bool IsPacked(FileInfo file) => file.LinkTarget is not null || file.Exists;

    private static List<string> Walk(string folder)
    {
        var options = new EnumerationOptions { AttributesToSkip = FileAttributes.None };
        var files = new List<string>();
        var folders = new Stack<string>([""]);
        while (folders.TryPop(out var parent))
        {
            foreach (var entry in new DirectoryInfo(Path.Combine(folder, parent)).EnumerateFileSystemInfos("*", options))
            {
                if (s_neverPacked.Contains(entry.Name)) continue;
                var path = parent.Length == 0 ? entry.Name : $"{parent}/{entry.Name}";
                if (entry is DirectoryInfo && entry.LinkTarget is null) folders.Push(path);
                else files.Add(path);
            }
        }
        return files;
    }
}
