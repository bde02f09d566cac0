namespace Mesh.Ingestion.Log;

/// <summary>
/// Keeps a second program out of a log for as long as this one lives: two who append to one log would write over what each other has
/// acknowledged. The kernel lets go of the lock however the program ends.
/// </summary>
public sealed class LogOwner : IDisposable
{
    private readonly FileStream _held;

    /// <exception cref="InvalidOperationException">Another program has the log.</exception>
    public LogOwner(string folder)
    {
        var path = Path.Combine(Directory.CreateDirectory(folder).FullName, "lock");
        try
        {
            _held = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (File.Exists(path))
        {
            throw new InvalidOperationException($"Another program writes the log in {folder}.", exception);
        }
    }

    public void Dispose() => _held.Dispose();
}
