using Google.Protobuf;
using Grpc.Core;
using Mesh.Agent.Images;
using Mesh.Agent.Tests.Testing;
using Mesh.Registry.V1;

namespace Mesh.Agent.Tests.Program;

internal sealed class RegistryImages(TestImageSource images) : ImageService.ImageServiceBase
{
    public override async Task<GetImageResponse> GetImage(GetImageRequest request, ServerCallContext context)
    {
        var digest = request.Name.Split('/')[^1];
        var manifest = await images.GetManifestAsync(new("acme", "shop", digest), context.CancellationToken);
        return new() { Image = new() { Name = request.Name, Digest = digest, Manifest = ByteString.CopyFrom(manifest) } };
    }
}

internal sealed class RegistryBlobs(TestImageSource images) : BlobService.BlobServiceBase
{
    public override async Task DownloadBlob(DownloadBlobRequest request, IServerStreamWriter<DownloadBlobResponse> responses, ServerCallContext context)
    {
        var image = new ImageReference("acme", "shop", request.Digest);
        await foreach (var data in images.DownloadAsync(image, request.Digest, request.Offset, context.CancellationToken))
            await responses.WriteAsync(new() { Data = ByteString.CopyFrom(data.Span) });
    }
}
