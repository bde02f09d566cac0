using System.Formats.Tar;
using Mesh.Builder.Builds;

namespace Mesh.Builder.Sources;

/// <summary>One archive on its way into one folder: what was made so far, and what may still be made.</summary>
internal sealed class Extraction(string folder, ArchiveLimits limits)
{
    private const UnixFileMode Executable = (UnixFileMode)0x1ED; // rwxr-xr-x
    private const UnixFileMode Plain = (UnixFileMode)0x1A4; // rw-r--r--

    private readonly Dictionary<string, Kind> made = new(StringComparer.Ordinal) { [""] = Kind.Folder };
    private int entries;

    private enum Kind
    {
        Folder,
        File,
        Link,
    }

    public bool IsEmpty => !made.ContainsValue(Kind.File);

    public static BuildFailedException Invalid(string what, Exception? inner = null) =>
        new("SOURCE_INVALID", $"The source cannot be used: {what}.", inner);

    public async Task AddAsync(TarEntry entry, CancellationToken cancellationToken)
    {
        if (entry.EntryType is TarEntryType.GlobalExtendedAttributes)
            return;
        if (++entries > limits.MaxEntries)
            throw Invalid($"it has more than {limits.MaxEntries:N0} entries");
        var path = Normalize(entry.Name);
        if (path == ".git" || path.StartsWith(".git/", StringComparison.Ordinal))
            return;
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                MakeFolder(path);
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                Claim(path, Kind.File);
                await WriteAsync(entry, path, cancellationToken);
                break;
            case TarEntryType.SymbolicLink:
                CheckTarget(path, entry.LinkName);
                Claim(path, Kind.Link);
                File.CreateSymbolicLink(Full(path), entry.LinkName);
                break;
            case TarEntryType.HardLink:
                Copy(Normalize(entry.LinkName), path);
                break;
            default:
                throw Invalid($"'{path}' is neither a file, a folder nor a link");
        }
    }

    private string Full(string path) => Path.Combine(folder, path);

    private static string Parent(string path) => path[..Math.Max(0, path.LastIndexOf('/'))];

    private string Normalize(string name)
    {
        if (name.StartsWith('/'))
            throw Invalid($"'{name}' is an absolute path");
        if (name.Length > limits.MaxPathLength)
            throw Invalid($"a path is longer than {limits.MaxPathLength:N0} characters");
        if (name.Any(char.IsControl))
            throw Invalid("a path holds a control character");
        var parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToArray();
        if (parts.Contains(".."))
            throw Invalid($"'{name}' leads out of the source");
        if (parts.Length > limits.MaxDepth)
            throw Invalid($"folders are nested deeper than {limits.MaxDepth}");
        return string.Join('/', parts);
    }

    private void MakeFolder(string path)
    {
        if (made.TryGetValue(path, out var kind))
        {
            if (kind != Kind.Folder)
                throw Invalid($"'{path}' is there twice");
            return;
        }
        MakeFolder(Parent(path));
        Directory.CreateDirectory(Full(path));
        made[path] = Kind.Folder;
    }

    private void Claim(string path, Kind kind)
    {
        if (path.Length == 0)
            throw Invalid("an entry has no name");
        MakeFolder(Parent(path));
        if (!made.TryAdd(path, kind))
            throw Invalid($"'{path}' is there twice");
    }

    // Steps upwards are allowed only at the beginning, where they pass real folders: after another link they could lead anywhere.
    private static void CheckTarget(string path, string target)
    {
        if (target.Length == 0 || target.StartsWith('/') || target.Any(char.IsControl))
            throw Invalid($"the link '{path}' does not point to a relative path");
        var parts = target.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToArray();
        var upwards = parts.TakeWhile(part => part == "..").Count();
        if (upwards > path.Count(c => c == '/') || parts.Skip(upwards).Contains(".."))
            throw Invalid($"the link '{path}' leads out of the source");
    }

    private async Task WriteAsync(TarEntry entry, string path, CancellationToken cancellationToken)
    {
        var mode = (entry.Mode & UnixFileMode.UserExecute) != 0 ? Executable : Plain;
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode };
        await using var file = new FileStream(Full(path), options);
        if (entry.DataStream is { } data)
            await data.CopyToAsync(file, cancellationToken);
    }

    private void Copy(string source, string path)
    {
        if (!made.TryGetValue(source, out var kind) || kind != Kind.File)
            throw Invalid($"the link '{path}' points to '{source}', which is no earlier file of the archive");
        Claim(path, Kind.File);
        File.Copy(Full(source), Full(path));
    }
}
