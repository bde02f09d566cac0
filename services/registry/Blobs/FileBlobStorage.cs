using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Mesh.Registry.Blobs;

/// <summary>
/// Blobs as files, <c>blobs/sha256/ab/abcdef…</c>, and uploads as <c>uploads/&lt;uuid&gt;</c>, on one file system.
/// A blob comes into being by an atomic rename of a flushed and verified upload, so it is there whole or not at all.
/// An upload is locked by the kernel (flock) while it is written, so a killed process leaves no lock behind.
/// </summary>
public sealed class FileBlobStorage : IBlobStorage
{
    private readonly string blobs;
    private readonly string uploads;
    private readonly RunningHashes hashes = new();

    public FileBlobStorage(string root)
    {
        blobs = Path.Combine(root, "blobs");
        uploads = Path.Combine(root, "uploads");
        Directory.CreateDirectory(uploads);

        // All folders are made and flushed here, so that publishing has one folder to flush and never a parent.
        foreach (var algorithm in (string[])["sha256", "sha512"])
        {
            var parent = Directory.CreateDirectory(Path.Combine(blobs, algorithm));
            for (var prefix = 0; prefix < 256; prefix++) parent.CreateSubdirectory(prefix.ToString("x2", null));
            Posix.FlushDirectory(parent.FullName);
        }
        Posix.FlushDirectory(blobs);
        Id = ReadId(Path.Combine(root, "storage-id"));
        Posix.FlushDirectory(root);
    }

    public Guid Id { get; }

    public ValueTask<long?> FindAsync(Digest digest, CancellationToken cancellationToken)
    {
        var file = new FileInfo(BlobPath(digest));
        return ValueTask.FromResult<long?>(file.Exists ? file.Length : null);
    }

    public ValueTask<Stream?> OpenAsync(Digest digest, CancellationToken cancellationToken)
    {
        // No buffer of its own: the callers read in large pieces.
        var handle = Posix.OpenRead(BlobPath(digest));
        return ValueTask.FromResult<Stream?>(handle is null ? null : new FileStream(handle, FileAccess.Read, 0, isAsync: false));
    }

    public ValueTask DeleteAsync(Digest digest, CancellationToken cancellationToken)
    {
        File.Delete(BlobPath(digest));
        return ValueTask.CompletedTask;
    }

    public async IAsyncEnumerable<StoredBlob> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var algorithm in new DirectoryInfo(blobs).EnumerateDirectories())
        foreach (var prefix in algorithm.EnumerateDirectories())
        {
            await Task.Yield();
            foreach (var file in prefix.EnumerateFiles())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (Digest.TryParse($"{algorithm.Name}:{file.Name}", out var digest) && file.Exists)
                    yield return new StoredBlob(digest, file.Length, file.LastWriteTimeUtc);
            }
        }
    }

    public ValueTask<IBlobUpload> CreateUploadAsync(Guid id, CancellationToken cancellationToken)
    {
        var path = UploadPath(id);
        try
        {
            var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.Asynchronous);
            return ValueTask.FromResult<IBlobUpload>(new FileBlobUpload(this, id, path, handle));
        }
        catch (IOException failure) when (RegistryErrors.IsDiskFull(failure))
        {
            throw RegistryErrors.DiskFull();
        }
    }

    public ValueTask<IBlobUpload?> OpenUploadAsync(Guid id, CancellationToken cancellationToken)
    {
        var path = UploadPath(id);
        try
        {
            var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, FileOptions.Asynchronous);

            // Between the opening and the locking, the upload may have been published or removed; the lock is needed for
            // both, so from here on it stays what it is.
            if (File.Exists(path)) return ValueTask.FromResult<IBlobUpload?>(new FileBlobUpload(this, id, path, handle));
            handle.Dispose();
            return ValueTask.FromResult<IBlobUpload?>(null);
        }
        catch (FileNotFoundException)
        {
            return ValueTask.FromResult<IBlobUpload?>(null);
        }
        catch (IOException) when (File.Exists(path))
        {
            throw new UploadBusyException(id);
        }
    }

    public ValueTask<StoredUpload?> FindUploadAsync(Guid id, CancellationToken cancellationToken)
    {
        // What is answered here is built upon: flushed first, so that it is there after a power cut too.
        using var handle = Posix.OpenRead(UploadPath(id));
        if (handle is null) return ValueTask.FromResult<StoredUpload?>(null);
        var (length, changed) = (RandomAccess.GetLength(handle), File.GetLastWriteTimeUtc(handle));
        RandomAccess.FlushToDisk(handle);
        return ValueTask.FromResult<StoredUpload?>(new StoredUpload(id, length, changed));
    }

    public ValueTask DeleteUploadAsync(Guid id, CancellationToken cancellationToken)
    {
        hashes.Forget(id);
        File.Delete(UploadPath(id));
        return ValueTask.CompletedTask;
    }

    public async IAsyncEnumerable<StoredUpload> ListUploadsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Yield();
        foreach (var file in new DirectoryInfo(uploads).EnumerateFiles())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Guid.TryParseExact(file.Name, "D", out var id) && file.Exists)
                yield return new StoredUpload(id, file.Length, file.LastWriteTimeUtc);
        }
    }

    private static Guid ReadId(string path)
    {
        if (!File.Exists(path))
        {
            // Under its own name only when it is whole; of two processes that start at once the first one names it.
            var written = $"{path}.{Environment.ProcessId}";
            File.WriteAllText(written, Guid.NewGuid().ToString("D"));
            using (var handle = File.OpenHandle(written)) RandomAccess.FlushToDisk(handle);
            try
            {
                File.Move(written, path, overwrite: false);
            }
            catch (IOException) when (File.Exists(path))
            {
                File.Delete(written);
            }
        }
        return Guid.ParseExact(File.ReadAllText(path), "D");
    }

    internal IncrementalHash? TakeHash(Guid id, long length) => hashes.Take(id, length);

    internal void KeepHash(Guid id, long length, IncrementalHash hash) => hashes.Keep(id, length, hash);

    internal string BlobPath(Digest digest) => Path.Combine(blobs, digest.Algorithm, digest.Hex[..2], digest.Hex);

    private string UploadPath(Guid id) => Path.Combine(uploads, id.ToString("D"));
}
