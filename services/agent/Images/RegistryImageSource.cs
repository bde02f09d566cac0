using System.Runtime.CompilerServices;
using Grpc.Core;
using Mesh.Registry.V1;

namespace Mesh.Agent.Images;

/// <summary>Images of our registry, over gRPC.</summary>
public sealed class RegistryImageSource(ImageService.ImageServiceClient images, BlobService.BlobServiceClient blobs) : IImageSource
{
    public async Task<byte[]> GetManifestAsync(ImageReference image, CancellationToken cancellation)
    {
        var name = $"{image.RepositoryName}/images/{image.Digest}";
        var response = await Translate(() => images.GetImageAsync(new() { Name = name }, cancellationToken: cancellation).ResponseAsync, image);
        return response.Image.Manifest.ToByteArray();
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> DownloadAsync(
        ImageReference image, string digest, long offset, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var call = blobs.DownloadBlob(
            new() { Parent = image.RepositoryName, Digest = digest, Offset = offset }, cancellationToken: cancellation);
        while (await Translate(() => call.ResponseStream.MoveNext(cancellation), image)) yield return call.ResponseStream.Current.Data.Memory;
    }

    // What is not there stays away; every other failure is the registry's or the network's, and passes.
    private static async Task<T> Translate<T>(Func<Task<T>> call, ImageReference image)
    {
        try
        {
            return await call();
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.NotFound or StatusCode.PermissionDenied or StatusCode.InvalidArgument)
        {
            throw new ImageException($"The registry does not give {image}: {e.Status.Detail}", e);
        }
        catch (RpcException e)
        {
            throw new IOException($"The registry did not answer: {e.Status.StatusCode}: {e.Status.Detail}", e);
        }
    }
}
