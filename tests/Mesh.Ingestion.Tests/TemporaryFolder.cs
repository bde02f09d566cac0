namespace Mesh.Ingestion.Tests;

/// <summary>A folder of one test's own, deleted with it.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("mesh-ingestion-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
