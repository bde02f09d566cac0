namespace Mesh.Ingestion.Tests;

/// <summary>A folder of one test's own, deleted with it.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("mesh-ingestion-").FullName;

    // A server that was killed may still be taking away files of its own.
    public void Dispose()
    {
        for (var attempt = 0; Directory.Exists(Path); attempt++)
        {
            try
            {
                Directory.Delete(Path, recursive: true);
            }
            catch (IOException) when (attempt < 10_000)
            {
                Thread.Yield();
            }
        }
    }
}
