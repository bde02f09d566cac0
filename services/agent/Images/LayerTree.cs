namespace Mesh.Agent.Images;

/// <summary>
/// The folder that a layer is unpacked into, seen as a root of its own: a link in the layer never leads out of it,
/// whatever it says. Nobody else writes there meanwhile, so what was looked at stays as it was.
/// </summary>
internal sealed class LayerTree(string root)
{
    private const int MostLinks = 40;
    private const int LongestPath = 4096;
    private const int DeepestPath = 256;

    private readonly HashSet<string> folders = [root];

    /// <summary>The real place of an entry: parent folders are made, links among them followed within the root.</summary>
    public string Place(string name)
    {
        var parts = Parts(name);
        if (parts.Count == 0) return root;
        if (parts[^1] == "..") throw new ImageException($"The layer holds the path \"{Shown(name)}\".");
        return Path.Combine(Follow(parts.SkipLast(1), name), parts[^1]);
    }

    /// <summary>Removes what stands where an entry comes to stand; a folder is kept when the entry is one too.</summary>
    public void Clear(string path, bool keepFolder)
    {
        var info = new FileInfo(path);
        if (info.LinkTarget is null && Directory.Exists(path))
        {
            if (keepFolder || path == root) return;
            folders.RemoveWhere(folder => folder == path || folder.StartsWith(path + "/", StringComparison.Ordinal));
            Directory.Delete(path, recursive: true);
        }
        else if (info.LinkTarget is not null || info.Exists)
        {
            File.Delete(path);
        }
    }

    public void MakeFolder(string path)
    {
        Clear(path, keepFolder: true);
        Directory.CreateDirectory(path);
        folders.Add(path);
    }

    private string Follow(IEnumerable<string> parts, string name)
    {
        var links = 0;
        var at = root;
        var ahead = new Stack<string>(parts.Reverse());
        while (ahead.TryPop(out var part))
        {
            if (part == "..")
            {
                at = at == root ? root : Path.GetDirectoryName(at)!;
                continue;
            }

            var next = Path.Combine(at, part);
            if (folders.Contains(next))
            {
                at = next;
            }
            else if (new FileInfo(next).LinkTarget is { } target)
            {
                if (++links > MostLinks) throw new ImageException($"The layer holds a loop of links at \"{Shown(name)}\".");
                if (target.StartsWith('/')) at = root;
                foreach (var step in Enumerable.Reverse(Parts(target))) ahead.Push(step);
            }
            else
            {
                MakeFolder(next);
                at = next;
            }
        }

        return at;
    }

    private static List<string> Parts(string name)
    {
        if (name.Length > LongestPath || name.Contains('\0')) throw new ImageException("The layer holds a path that is too long or malformed.");
        var parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToList();
        return parts.Count <= DeepestPath ? parts : throw new ImageException("The layer holds a path that is too deep.");
    }

    private static string Shown(string name) => name.Length <= 100 ? name : name[..100] + "…";
}
