namespace Mesh.Builder.Detection;

/// <summary>Reads what detection needs from an extracted source.</summary>
public static class SourceTreeReader
{
    private const long MaxMarkerBytes = 1 << 20;

    private static readonly HashSet<string> Markers = new(StringComparer.Ordinal) { "Dockerfile", "Procfile", "package.json", "package-lock.json" };
    private static readonly string[] MarkerExtensions = [".csproj", ".fsproj"];

    public static SourceTree Read(string root)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, MaxRecursionDepth = 100 };
        var paths = new List<string>();
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in new DirectoryInfo(root).EnumerateFiles("*", options))
        {
            var path = Path.GetRelativePath(root, file.FullName);
            paths.Add(path);
            if (IsMarker(path) && file.Length <= MaxMarkerBytes)
                texts[path] = File.ReadAllText(file.FullName);
        }
        return new SourceTree(paths, texts);
    }

    private static bool IsMarker(string path) => Markers.Contains(path) || MarkerExtensions.Contains(Path.GetExtension(path));
}
