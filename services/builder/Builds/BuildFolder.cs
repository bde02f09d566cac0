namespace Mesh.Builder.Builds;

/// <summary>The folder of one running build. It begins empty and goes with the build.</summary>
public sealed class BuildFolder : IDisposable
{
    public BuildFolder(string data, Guid build)
    {
        Root = Path.Combine(data, "builds", build.ToString("N"));
        Remove();
        Directory.CreateDirectory(Source);
    }

    public string Root { get; }

    /// <summary>The source as it came.</summary>
    public string Source => Path.Combine(Root, "source");

    /// <summary>A new empty folder.</summary>
    public string Make(string name) => Directory.CreateDirectory(Path.Combine(Root, name)).FullName;

    /// <summary>A path for a new file.</summary>
    public string File(string name) => Path.Combine(Root, name);

    public void Dispose() => Remove();

    private void Remove()
    {
        if (Directory.Exists(Root))
            Directory.Delete(Root, recursive: true);
    }
}
