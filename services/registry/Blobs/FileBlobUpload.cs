using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Mesh.Registry.Blobs;

/// <summary>One upload file, open under an exclusive kernel lock.</summary>
internal sealed class FileBlobUpload : IBlobUpload
{
    private const int ReadSize = 1 << 20;

    private readonly FileBlobStorage storage;
    private readonly Guid id;
    private readonly string path;
    private readonly SafeFileHandle handle;
    private readonly List<ReadOnlyMemory<byte>> segments = [];

    // The SHA-256 of all bytes so far; null when they were not all seen here, and then they are read again at the end.
    private IncrementalHash? running;
    private bool published;

    public FileBlobUpload(FileBlobStorage storage, Guid id, string path, SafeFileHandle handle)
    {
        (this.storage, this.id, this.path, this.handle) = (storage, id, path, handle);
        Length = RandomAccess.GetLength(handle);
        running = storage.TakeHash(id, Length);
    }

    public long Length { get; private set; }

    public async ValueTask AppendAsync(ReadOnlySequence<byte> bytes, CancellationToken cancellationToken)
    {
        if (bytes.IsEmpty) return;
        var hash = running;
        running = null;
        segments.Clear();
        foreach (var segment in bytes) segments.Add(segment);

        // The write and the hash of the same bytes run side by side.
        var write = segments.Count == 1
            ? RandomAccess.WriteAsync(handle, segments[0], Length, cancellationToken)
            : RandomAccess.WriteAsync(handle, segments, Length, cancellationToken);
        if (hash is not null)
            foreach (var segment in segments) hash.AppendData(segment.Span);
        try
        {
            await write;
        }
        catch (Exception failure)
        {
            // Part of it may have been written: the file alone knows how much.
            Length = RandomAccess.GetLength(handle);
            hash?.Dispose();
            if (RegistryErrors.IsDiskFull(failure)) throw RegistryErrors.DiskFull();
            throw;
        }
        Length += bytes.Length;
        running = hash;
    }

    public ValueTask TruncateAsync(long length, CancellationToken cancellationToken)
    {
        RandomAccess.SetLength(handle, length);
        Length = length;
        running?.Dispose();
        running = length == 0 ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        return ValueTask.CompletedTask;
    }

    public async ValueTask<bool> VerifyAsync(Digest expected, CancellationToken cancellationToken)
    {
        if (running is not null && expected.HashName == HashAlgorithmName.SHA256)
            return Digest.FromHash(expected.HashName, running.GetCurrentHash()) == expected;

        using var hash = IncrementalHash.CreateHash(expected.HashName);
        var buffer = ArrayPool<byte>.Shared.Rent(ReadSize);
        try
        {
            for (long offset = 0; offset < Length;)
            {
                var read = await RandomAccess.ReadAsync(handle, buffer, offset, cancellationToken);
                if (read == 0) throw new IOException($"Upload {id} became shorter while it was read.");
                hash.AppendData(buffer, 0, read);
                offset += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return Digest.FromHash(expected.HashName, hash.GetCurrentHash()) == expected;
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            RandomAccess.FlushToDisk(handle);
            return ValueTask.CompletedTask;
        }
        catch (IOException failure) when (RegistryErrors.IsDiskFull(failure))
        {
            throw RegistryErrors.DiskFull();
        }
    }

    public ValueTask PublishAsync(Digest digest, CancellationToken cancellationToken)
    {
        // The lock is held over the rename. An older file of the same digest is replaced by the one verified just now,
        // which mends a damaged one; whoever reads the old one keeps it open.
        var target = storage.BlobPath(digest);
        File.Move(path, target, overwrite: true);
        published = true;
        Posix.FlushDirectory(Path.GetDirectoryName(target)!);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        if (running is not null && !published && File.Exists(path)) storage.KeepHash(id, Length, running);
        else running?.Dispose();
        running = null;
        handle.Dispose();
        return ValueTask.CompletedTask;
    }
}
