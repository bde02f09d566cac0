using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Mesh.Common.Names;
using Mesh.Contracts;
using Mesh.Registry.V1;

namespace Mesh.Builder.Images;

/// <summary>Moves blobs and manifests to and from our registry. Sending what is there already costs one question.</summary>
public sealed class RegistryClient(BlobService.BlobServiceClient blobs, ImageService.ImageServiceClient images)
{
    private const int ChunkBytes = 256 << 10;

    public async Task<bool> HasAsync(RepositoryName repository, string digest, CancellationToken cancellationToken)
    {
        try
        {
            await blobs.StatBlobAsync(new StatBlobRequest { Parent = repository.ToString(), Digest = digest }, cancellationToken: cancellationToken);
            return true;
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.NotFound)
        {
            return false;
        }
    }

    /// <summary>Sends a blob unless the repository has it; tells whether bytes were sent.</summary>
    public async Task<bool> UploadAsync(RepositoryName repository, string digest, Func<Stream> open, CancellationToken cancellationToken)
    {
        if (await HasAsync(repository, digest, cancellationToken))
            return false;
        using var call = blobs.UploadBlob(cancellationToken: cancellationToken);
        var start = new UploadBlobRequest.Types.Start { Parent = repository.ToString(), Digest = digest, UploadId = Guid.NewGuid().ToString() };
        await call.RequestStream.TryWriteAllAsync(MessagesAsync(start, open, cancellationToken), cancellationToken);
        // Where the registry ended the call early, its answer says why.
        await call;
        return true;
    }

    private static async IAsyncEnumerable<UploadBlobRequest> MessagesAsync(
        UploadBlobRequest.Types.Start start, Func<Stream> open, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return new() { Start = start };
        await using var content = open();
        var buffer = new byte[ChunkBytes];
        for (int count; (count = await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken)) > 0;)
            yield return new() { Data = ByteString.CopyFrom(buffer, 0, count) };
    }

    public Task<bool> UploadAsync(RepositoryName repository, byte[] content, CancellationToken cancellationToken) =>
        UploadAsync(repository, Digest.Of(content), () => new MemoryStream(content, writable: false), cancellationToken);

    /// <summary>Links a blob of another repository; false when that one does not have it.</summary>
    public async Task<bool> MountAsync(RepositoryName repository, string digest, RepositoryName source, CancellationToken cancellationToken)
    {
        try
        {
            var request = new MountBlobRequest { Parent = repository.ToString(), Digest = digest, Source = source.ToString() };
            await blobs.MountBlobAsync(request, cancellationToken: cancellationToken);
            return true;
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.NotFound)
        {
            return false;
        }
    }

    public async Task<byte[]> ReadAsync(RepositoryName repository, string digest, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        await CopyToAsync(repository, digest, content, cancellationToken);
        return content.ToArray();
    }

    public async Task CopyToAsync(RepositoryName repository, string digest, Stream target, CancellationToken cancellationToken)
    {
        using var call = blobs.DownloadBlob(new DownloadBlobRequest { Parent = repository.ToString(), Digest = digest }, cancellationToken: cancellationToken);
        await foreach (var part in call.ResponseStream.ReadAllAsync(cancellationToken))
            await target.WriteAsync(part.Data.Memory, cancellationToken);
    }

    /// <summary>The image by digest or tag; null when there is none.</summary>
    public async Task<Registry.V1.Image?> FindAsync(RepositoryName repository, string reference, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await images.GetImageAsync(new GetImageRequest { Name = $"{repository}/images/{reference}" }, cancellationToken: cancellationToken);
            return answer.Image;
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }

    public async Task<string> PutAsync(RepositoryName repository, byte[] manifest, IEnumerable<string> tags, CancellationToken cancellationToken)
    {
        var request = new PutImageRequest
        {
            Parent = repository.ToString(),
            Manifest = ByteString.CopyFrom(manifest),
            MediaType = MediaTypes.Manifest,
            Tags = { tags },
        };
        var answer = await images.PutImageAsync(request, cancellationToken: cancellationToken);
        return answer.Image.Digest;
    }
}
