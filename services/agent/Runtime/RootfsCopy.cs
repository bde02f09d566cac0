namespace Mesh.Agent.Runtime;

/// <summary>Lays the layers of an image, whiteouts applied, into one folder.</summary>
internal static class RootfsCopy
{
    private const string Whiteout = ".wh.";
    private const string Opaque = ".wh..wh..opq";

    /// <param name="layers">The unpacked layers with whiteouts as the archive has them, the lowest first.</param>
    public static void Create(IReadOnlyList<string> layers, string target)
    {
        Directory.CreateDirectory(target);
        foreach (var layer in layers) Apply(new DirectoryInfo(layer), target);
    }

    private static void Apply(DirectoryInfo source, string target)
    {
        var entries = source.GetFileSystemInfos();
        if (entries.Any(entry => entry.Name == Opaque))
            foreach (var old in new DirectoryInfo(target).GetFileSystemInfos()) Remove(old.FullName);
        foreach (var hidden in entries.Where(entry => entry.Name.StartsWith(Whiteout, StringComparison.Ordinal) && entry.Name != Opaque))
            Remove(Path.Combine(target, hidden.Name[Whiteout.Length..]));
        foreach (var entry in entries.Where(entry => !entry.Name.StartsWith(Whiteout, StringComparison.Ordinal)))
            Copy(entry, Path.Combine(target, entry.Name));
    }

    private static void Copy(FileSystemInfo entry, string target)
    {
        if (entry.LinkTarget is { } link)
        {
            Remove(target);
            File.CreateSymbolicLink(target, link);
        }
        else if (entry is DirectoryInfo folder)
        {
            if (!Directory.Exists(target) || new DirectoryInfo(target).LinkTarget is not null)
            {
                Remove(target);
                Directory.CreateDirectory(target, folder.UnixFileMode | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            Apply(folder, target);
        }
        else
        {
            Remove(target);
            File.Copy(entry.FullName, target);
        }
    }

    private static void Remove(string path)
    {
        var entry = new FileInfo(path);
        if (entry.LinkTarget is not null || entry.Exists) File.Delete(path);
        else if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
    }
}
