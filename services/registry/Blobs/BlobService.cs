using System.Buffers;
using Google.Protobuf;
using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Registry.Repositories;
using Mesh.Registry.Uploads;

namespace Mesh.Registry.Blobs;

/// <summary>Blobs over gRPC.</summary>
internal sealed class BlobService(BlobStore blobs, IBlobStorage storage, UploadSessions sessions, RegistryMetrics metrics)
    : V1.BlobService.BlobServiceBase
{
    private const int PieceSize = 256 << 10;

    public override async Task<V1.UploadBlobResponse> UploadBlob(
        IAsyncStreamReader<V1.UploadBlobRequest> requestStream, ServerCallContext context)
    {
        var cancellationToken = context.CancellationToken;
        if (!await requestStream.MoveNext(cancellationToken) || requestStream.Current.Start is not { } start)
            throw MeshException.InvalidArgument("start", "The first message says what comes.");
        context.Authorize(start.Parent);
        var path = RepositoryPath.ParseResource(start.Parent, "start.parent");
        var digest = ParseDigest(start.Digest, "start.digest");
        var id = ParseId(start.UploadId, "start.upload_id");

        await sessions.BeginAsync(path, id, cancellationToken);
        await using var upload = await sessions.OpenAsync(path, id, cancellationToken);
        if (upload.Length != start.Offset) throw RegistryErrors.OffsetMismatch(upload.Length);
        using (metrics.Begin("up"))
        {
            while (await requestStream.MoveNext(cancellationToken))
            {
                if (requestStream.Current.MessageCase != V1.UploadBlobRequest.MessageOneofCase.Data)
                    throw MeshException.InvalidArgument("data", "Every message but the first carries data.");
                await sessions.AppendAsync(upload, new ReadOnlySequence<byte>(requestStream.Current.Data.Memory), cancellationToken);
            }
        }
        var size = await sessions.FinishAsync(path, id, upload, digest, cancellationToken);
        return new V1.UploadBlobResponse { Digest = digest.ToString(), SizeBytes = size };
    }

    public override async Task<V1.GetUploadResponse> GetUpload(V1.GetUploadRequest request, ServerCallContext context)
    {
        var path = RepositoryPath.ParseResource(request.Parent, "parent");
        var id = ParseId(request.UploadId, "upload_id");
        return new V1.GetUploadResponse { Offset = await sessions.FindAsync(path, id, context.CancellationToken) };
    }

    public override async Task<V1.StatBlobResponse> StatBlob(V1.StatBlobRequest request, ServerCallContext context)
    {
        var path = RepositoryPath.ParseResource(request.Parent, "parent");
        var digest = ParseDigest(request.Digest, "digest");
        if (await blobs.FindForPushAsync(path, digest, context.CancellationToken) is null
            || await storage.FindAsync(digest, context.CancellationToken) is not { } size) throw RegistryErrors.BlobUnknown(digest);
        return new V1.StatBlobResponse { SizeBytes = size };
    }

    public override async Task<V1.MountBlobResponse> MountBlob(V1.MountBlobRequest request, ServerCallContext context)
    {
        var path = RepositoryPath.ParseResource(request.Parent, "parent");
        var source = RepositoryPath.ParseResource(request.Source, "source");
        var digest = ParseDigest(request.Digest, "digest");

        // The contract's rule covers the parent; the source lies in a tenant of its own.
        context.Principal().Demand("blobs.download", Role.Viewer, source.Tenant);
        var size = await sessions.MountAsync(path, digest, source, context.CancellationToken) ?? throw RegistryErrors.BlobUnknown(digest);
        return new V1.MountBlobResponse { SizeBytes = size };
    }

    public override async Task DownloadBlob(
        V1.DownloadBlobRequest request, IServerStreamWriter<V1.DownloadBlobResponse> responseStream, ServerCallContext context)
    {
        var cancellationToken = context.CancellationToken;
        var path = RepositoryPath.ParseResource(request.Parent, "parent");
        var digest = ParseDigest(request.Digest, "digest");
        if (await blobs.FindAsync(path, digest, cancellationToken) is null) throw RegistryErrors.BlobUnknown(digest);
        await using var content = await storage.OpenAsync(digest, cancellationToken) ?? throw RegistryErrors.BlobUnknown(digest);
        if (request.Offset < 0 || request.Offset > content.Length) throw RegistryErrors.OffsetBeyondEnd(content.Length);

        content.Position = request.Offset;
        var buffer = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            using var transfer = metrics.Begin("down");
            for (int read; (read = await content.ReadAsync(buffer, cancellationToken)) > 0; metrics.Sent(read))
            {
                // The message is serialized before the write returns, so its bytes are the buffer's own.
                var data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, read));
                await responseStream.WriteAsync(new V1.DownloadBlobResponse { Data = data }, cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static Digest ParseDigest(string value, string field) =>
        Digest.TryParse(value, out var digest) ? digest : throw RegistryErrors.DigestInvalid(value, field);

    private static Guid ParseId(string value, string field) =>
        Guid.TryParseExact(value, "D", out var id) ? id : throw MeshException.InvalidArgument(field, "It must be a UUID.");
}
