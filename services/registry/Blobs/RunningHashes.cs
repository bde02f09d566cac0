using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Mesh.Registry.Blobs;

/// <summary>
/// The SHA-256 of unfinished uploads between two requests, so that a chunked upload is read only once. It is a cache:
/// an upload whose hash is not here (another process, a restart, too many) is read again when it ends.
/// </summary>
internal sealed class RunningHashes
{
    private const int Most = 1024;

    private readonly ConcurrentDictionary<Guid, Entry> entries = new();

    /// <summary>Takes out the hash of exactly <paramref name="length"/> bytes; a fresh one for none; null when unknown.</summary>
    public IncrementalHash? Take(Guid id, long length)
    {
        if (entries.TryRemove(id, out var entry))
        {
            if (entry.Length == length) return entry.Hash;
            entry.Hash.Dispose();
        }
        return length == 0 ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
    }

    public void Keep(Guid id, long length, IncrementalHash hash)
    {
        // Somebody's must go when there are too many; whose does not matter.
        if (entries.Count >= Most && entries.Keys.FirstOrDefault() is var other) Forget(other);
        if (length == 0 || !entries.TryAdd(id, new Entry(length, hash))) hash.Dispose();
    }

    public void Forget(Guid id)
    {
        if (entries.TryRemove(id, out var entry)) entry.Hash.Dispose();
    }

    private sealed record Entry(long Length, IncrementalHash Hash);
}
