namespace Mesh.Builder.Detection;

/// <summary>What detection may look at: the paths of a source tree, and the text of its small marker files.</summary>
public sealed class SourceTree
{
    private readonly IReadOnlyDictionary<string, string> texts;

    public SourceTree(IEnumerable<string> paths, IReadOnlyDictionary<string, string> texts)
    {
        this.texts = texts;
        Paths = [.. paths.Concat(texts.Keys).Distinct().Order(StringComparer.Ordinal)];
        Root = Paths.Where(path => !path.Contains('/', StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Every regular file, relative, with forward slashes, in ordinal order.</summary>
    public IReadOnlyList<string> Paths { get; }

    /// <summary>The files of the top folder.</summary>
    public IReadOnlySet<string> Root { get; }

    public bool Has(string path) => path.Contains('/', StringComparison.Ordinal) ? Paths.Contains(path) : Root.Contains(path);

    /// <summary>The text of a marker file; empty for a file whose text was not loaded.</summary>
    public string Text(string path) => texts.GetValueOrDefault(path, "");

    public IEnumerable<string> WithExtension(params string[] extensions) =>
        Paths.Where(path => extensions.Any(extension => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase)));
}
