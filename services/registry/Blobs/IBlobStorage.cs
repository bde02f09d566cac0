namespace Mesh.Registry.Blobs;

/// <summary>
/// Where the bytes of blobs lie. It knows digests and uploads and nothing of tenants: who may see which blob is a
/// matter of <see cref="BlobStore"/>. A blob is visible here only whole, durable and with its digest verified.
/// </summary>
public interface IBlobStorage
{
    /// <summary>Names this storage for good, so that it is not taken for another.</summary>
    Guid Id { get; }

    /// <summary>The size of a blob in bytes; null when it is not here.</summary>
    ValueTask<long?> FindAsync(Digest digest, CancellationToken cancellationToken);

    /// <summary>Opens a blob as a seekable stream; null when it is not here.</summary>
    ValueTask<Stream?> OpenAsync(Digest digest, CancellationToken cancellationToken);

    /// <summary>Removes a blob. The caller holds the digest's exclusive lock. Absence is no error.</summary>
    ValueTask DeleteAsync(Digest digest, CancellationToken cancellationToken);

    /// <summary>Every blob that is here, with the time when it was put here.</summary>
    IAsyncEnumerable<StoredBlob> ListAsync(CancellationToken cancellationToken);

    /// <summary>Makes an empty upload and opens it for this caller alone.</summary>
    ValueTask<IBlobUpload> CreateUploadAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>Opens an upload for this caller alone; null when there is none. Throws <see cref="UploadBusyException"/>.</summary>
    ValueTask<IBlobUpload?> OpenUploadAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>How much of an upload is here and when it last grew; null when there is none.</summary>
    ValueTask<StoredUpload?> FindUploadAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>Removes an upload. Absence is no error.</summary>
    ValueTask DeleteUploadAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>Every upload that is here.</summary>
    IAsyncEnumerable<StoredUpload> ListUploadsAsync(CancellationToken cancellationToken);
}

/// <summary>An upload that is open for one caller. Disposing it keeps what was received, so that it can be resumed.</summary>
public interface IBlobUpload : IAsyncDisposable
{
    /// <summary>Bytes received so far.</summary>
    long Length { get; }

    /// <summary>Adds bytes at the end.</summary>
    ValueTask AppendAsync(System.Buffers.ReadOnlySequence<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Takes back what lies behind <paramref name="length"/>.</summary>
    ValueTask TruncateAsync(long length, CancellationToken cancellationToken);

    /// <summary>Hashes what was received under the algorithm of <paramref name="expected"/>; true when it is that digest.</summary>
    ValueTask<bool> VerifyAsync(Digest expected, CancellationToken cancellationToken);

    /// <summary>Makes the bytes durable where they are; the slow half of publishing.</summary>
    ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>Makes the verified, flushed bytes visible as a blob, durably. The upload ends with it.</summary>
    ValueTask PublishAsync(Digest digest, CancellationToken cancellationToken);
}

/// <summary>A blob as the storage sees it.</summary>
public sealed record StoredBlob(Digest Digest, long Size, DateTimeOffset Time);

/// <summary>An upload as the storage sees it; <paramref name="Time"/> is when it last grew.</summary>
public sealed record StoredUpload(Guid Id, long Length, DateTimeOffset Time);

/// <summary>Somebody else is writing to the upload at this moment.</summary>
public sealed class UploadBusyException(Guid id) : IOException($"Another request is writing to upload {id}.");
