namespace Mesh.Agent.Runtime.Shim;

/// <summary>
/// A shim holds a lock on a file for as long as it lives. The kernel releases it however the shim ends, so a lock tells
/// more than a process id, which may belong to somebody else by now.
/// </summary>
internal static class ShimLock
{
    public static FileStream Take(ContainerFolder folder)
    {
        // The agent holds the lock for an instant when it looks whether a shim lives.
        for (var attempt = 0; ; attempt++)
        {
            if (TryOpen(folder) is { } held) return held;
            if (attempt == 50) throw new IOException("Another shim has the folder.");
            using var pause = new ManualResetEventSlim();
            pause.Wait(TimeSpan.FromMilliseconds(20));
        }
    }

    public static bool IsHeld(ContainerFolder folder)
    {
        if (!File.Exists(folder.ShimLock)) return false;
        using var held = TryOpen(folder);
        return held is null;
    }

    /// <summary>Waits until the shim, whose container has ended, has said its last word.</summary>
    public static async Task WaitReleasedAsync(ContainerFolder folder, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < 500 && IsHeld(folder); attempt++)
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, cancellation);
    }

    private static FileStream? TryOpen(ContainerFolder folder)
    {
        try
        {
            return new FileStream(folder.ShimLock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(folder.ShimLock))
        {
            return null;
        }
    }
}
