using System.Globalization;
using Mesh.Servers;

namespace Mesh.Testing;

/// <summary>A folder for one fixture's data, removed at its end, or by a later run when this one was killed.</summary>
public sealed class TestFolder : IDisposable
{
    private const string Prefix = "mesh-test-";
    private static int count;

    static TestFolder()
    {
        foreach (var folder in Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), Prefix + "*"))
        {
            var parts = System.IO.Path.GetFileName(folder)[Prefix.Length..].Split('-');
            if (int.TryParse(parts[0], CultureInfo.InvariantCulture, out var pid) && LinuxProcess.StartOf(pid) is null)
                Remove(folder);
        }
    }

    public TestFolder() => Directory.CreateDirectory(Path);

    public string Path { get; } = System.IO.Path.Combine(
        System.IO.Path.GetTempPath(),
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{Interlocked.Increment(ref count)}"));

    public void Dispose() => Remove(Path);

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception busy) when (busy is IOException or UnauthorizedAccessException)
        {
            // A dying server may still write; the next run removes the folder.
        }
    }
}
