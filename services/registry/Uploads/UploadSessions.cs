using System.Buffers;
using System.IO.Pipelines;
using Mesh.Registry.Blobs;
using Mesh.Registry.Repositories;

namespace Mesh.Registry.Uploads;

/// <summary>The way of a blob into the registry, the same for OCI and for gRPC: begin, receive, finish, or give up.</summary>
public sealed class UploadSessions(IBlobStorage storage, UploadStore uploads, BlobStore blobs, RegistryMetrics metrics, TimeProvider time)
{
    private const int PieceSize = 256 << 10;
    private static readonly TimeSpan BusyPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BusyPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Begins an upload; beginning one of the same id again for the same repository goes on with it.</summary>
    public async Task BeginAsync(RepositoryPath path, Guid id, CancellationToken cancellationToken)
    {
        if (!await uploads.AddAsync(path, id, cancellationToken)) throw RegistryErrors.UploadTaken(id);
        if (await storage.FindUploadAsync(id, cancellationToken) is not null) return;
        await using var made = await storage.CreateUploadAsync(id, cancellationToken);
    }

    /// <summary>Opens an upload of the repository for this caller alone.</summary>
    public async Task<IBlobUpload> OpenAsync(RepositoryPath path, Guid id, CancellationToken cancellationToken)
    {
        if (!await uploads.ExistsAsync(path, id, cancellationToken)) throw RegistryErrors.UploadUnknown(id);

        // A request whose connection broke may still hold it for a moment when its successor is here already.
        for (var begun = time.GetTimestamp(); ; await Task.Delay(BusyPause, time, cancellationToken))
        {
            try
            {
                return await storage.OpenUploadAsync(id, cancellationToken) ?? throw RegistryErrors.UploadUnknown(id);
            }
            catch (UploadBusyException)
            {
                if (time.GetElapsedTime(begun) > BusyPatience) throw RegistryErrors.UploadBusy(id);
            }
        }
    }

    /// <summary>How many bytes of an upload are durable.</summary>
    public async Task<long> FindAsync(RepositoryPath path, Guid id, CancellationToken cancellationToken)
    {
        if (!await uploads.ExistsAsync(path, id, cancellationToken)) throw RegistryErrors.UploadUnknown(id);
        var found = await storage.FindUploadAsync(id, cancellationToken) ?? throw RegistryErrors.UploadUnknown(id);
        return found.Length;
    }

    /// <summary>Receives until the sender ends. What came before a broken connection stays. At most <paramref name="most"/> bytes.</summary>
    public async Task ReceiveAsync(IBlobUpload upload, PipeReader reader, long most, CancellationToken cancellationToken)
    {
        using var transfer = metrics.Begin("up");
        for (var left = most; ;)
        {
            var result = await reader.ReadAtLeastAsync(PieceSize, cancellationToken);
            if (result.Buffer.Length > left) throw RegistryErrors.TooManyBytes(most);
            await AppendAsync(upload, result.Buffer, cancellationToken);
            left -= result.Buffer.Length;
            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted) return;
        }
    }

    /// <summary>Receives one piece.</summary>
    public async ValueTask AppendAsync(IBlobUpload upload, ReadOnlySequence<byte> piece, CancellationToken cancellationToken)
    {
        await upload.AppendAsync(piece, cancellationToken);
        metrics.Received(piece.Length);
    }

    /// <summary>
    /// Verifies and publishes the upload as a blob of the repository. On return it is durable and visible; bytes that do not
    /// match the digest are thrown away.
    /// </summary>
    public async Task<long> FinishAsync(
        RepositoryPath path, Guid id, IBlobUpload upload, Digest digest, CancellationToken cancellationToken)
    {
        if (!await upload.VerifyAsync(digest, cancellationToken))
        {
            await GiveUpAsync(id, cancellationToken);
            throw RegistryErrors.DigestMismatch(digest, null);
        }
        await upload.FlushAsync(cancellationToken);

        // From here on a caller who goes away stops nothing: the rest is short, and half of it would waste what came.
        await blobs.PublishAsync(path, digest, upload.Length, id, token => upload.PublishAsync(digest, token), CancellationToken.None);
        metrics.BlobStored();
        return upload.Length;
    }

    /// <summary>Stores a blob in one go. Nothing is left of one that does not arrive whole.</summary>
    public async Task<long> StoreAsync(RepositoryPath path, Digest digest, PipeReader reader, CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7(time.GetUtcNow());
        await using var upload = await storage.CreateUploadAsync(id, cancellationToken);
        try
        {
            await ReceiveAsync(upload, reader, long.MaxValue, cancellationToken);
            return await FinishAsync(path, id, upload, digest, cancellationToken);
        }
        catch
        {
            await storage.DeleteUploadAsync(id, CancellationToken.None);
            throw;
        }
    }

    /// <summary>
    /// Gives the repository a blob of another one that the caller may read; null when there is none. Without a source any
    /// repository of the same tenant, or a stack of the platform, will do.
    /// </summary>
    public async Task<long?> MountAsync(RepositoryPath path, Digest digest, RepositoryPath? source, CancellationToken cancellationToken) =>
        await storage.FindAsync(digest, cancellationToken) is null ? null : await blobs.MountAsync(path, digest, source, cancellationToken);

    /// <summary>Throws an upload away.</summary>
    public async Task GiveUpAsync(Guid id, CancellationToken cancellationToken)
    {
        await storage.DeleteUploadAsync(id, cancellationToken);
        await uploads.RemoveAsync(id, cancellationToken);
    }
}
