using Google.Protobuf;
using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Registry.Blobs;
using Mesh.Registry.Manifests;
using Mesh.Registry.Tests.Servers;
using Mesh.Registry.V1;

namespace Mesh.Registry.Tests.Manifests;

[Collection(SharedRegistry.Name)]
[Trait("Needs", "servers")]
public sealed class ImageServiceTests(RegistryServer server) : IDisposable
{
    private readonly (Grpc.Net.Client.GrpcChannel Channel, CallInvoker Invoker) admin = server.Channel(Callers.Admin);
    private readonly OciClient http = server.Client(Callers.Admin);

    private V1.ImageService.ImageServiceClient Images => new(admin.Invoker);

    public void Dispose()
    {
        admin.Channel.Dispose();
        http.Dispose();
    }

    [Fact]
    public async Task An_image_is_stored_with_its_tags_and_read_out()
    {
        const string parent = "tenants/acme/repositories/put-image";
        await http.PushBlobAsync("acme/put-image", "{}");
        await http.PushBlobAsync("acme/put-image", "a layer");
        var bytes = Servers.Images.Manifest("a layer");
        var request = new PutImageRequest { Parent = parent, Manifest = ByteString.CopyFrom(bytes), MediaType = MediaTypes.OciManifest, Tags = { "v1", "latest" } };
        var image = (await Images.PutImageAsync(request)).Image;
        Assert.Equal(image.Digest, (await Images.PutImageAsync(request)).Image.Digest);
        Assert.Equal($"{parent}/images/{Digest.Of(bytes)}", image.Name);
        Assert.Equal(["latest", "v1"], image.Tags);
        Assert.Equal((Servers.Images.ConfigType, Servers.Images.LayerType, 9), (image.Config.MediaType, image.Layers.Single().MediaType, image.SizeBytes));
        foreach (var reference in (string[])["v1", Digest.Of(bytes).ToString()])
        {
            var got = (await Images.GetImageAsync(new GetImageRequest { Name = $"{parent}/images/{reference}" })).Image;
            Assert.Equal(bytes, got.Manifest.ToByteArray());
        }
    }

    [Fact]
    public async Task Errors_carry_their_reasons()
    {
        const string parent = "tenants/acme/repositories/image-errors";
        var missing = new PutImageRequest { Parent = parent, Manifest = ByteString.CopyFrom(Servers.Images.Manifest("x")), MediaType = MediaTypes.OciManifest };
        await ExpectAsync(StatusCode.FailedPrecondition, "MANIFEST_BLOB_UNKNOWN", Images.PutImageAsync(missing));
        var malformed = new PutImageRequest { Parent = parent, Manifest = ByteString.CopyFromUtf8("{"), MediaType = MediaTypes.OciManifest };
        await ExpectAsync(StatusCode.InvalidArgument, "MANIFEST_INVALID", Images.PutImageAsync(malformed));
        await ExpectAsync(StatusCode.NotFound, "IMAGE_NOT_FOUND", Images.GetImageAsync(new GetImageRequest { Name = $"{parent}/images/v1" }));
        await ExpectAsync(StatusCode.InvalidArgument, "INVALID_ARGUMENT", Images.GetImageAsync(new GetImageRequest { Name = parent }));
        await ExpectAsync(StatusCode.NotFound, "REPOSITORY_NOT_FOUND", Images.ListTagsAsync(new ListTagsRequest { Parent = parent }));
        await ExpectAsync(StatusCode.NotFound, "REPOSITORY_NOT_FOUND", Images.DeleteRepositoryAsync(new DeleteRepositoryRequest { Name = parent }));
        await ExpectAsync(StatusCode.PermissionDenied, "PERMISSION_DENIED", Images.CollectGarbageAsync(new CollectGarbageRequest()));
        await ExpectAsync(StatusCode.NotFound, "TENANT_NOT_FOUND", Images.ListRepositoriesAsync(new ListRepositoriesRequest { Parent = "tenants/other" }));
    }

    [Fact]
    public async Task Images_and_tags_are_listed_page_by_page()
    {
        const string parent = "tenants/acme/repositories/pages";
        var pushed = new List<string>();
        for (var number = 0; number < 5; number++) pushed.Add((await http.PushImageAsync("acme/pages", $"v{number}", $"layer {number}")).ToString());
        var images = new List<string>();
        var request = new ListImagesRequest { Parent = parent, PageSize = 2 };
        do
        {
            var page = await Images.ListImagesAsync(request);
            images.AddRange(page.Images.Select(image => image.Digest));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        Assert.Equal(Enumerable.Reverse(pushed), images);

        var first = await Images.ListTagsAsync(new ListTagsRequest { Parent = parent, PageSize = 4 });
        var rest = await Images.ListTagsAsync(new ListTagsRequest { Parent = parent, PageSize = 4, PageToken = first.NextPageToken });
        Assert.Equal(["v0", "v1", "v2", "v3", "v4"], first.Tags.Concat(rest.Tags).Select(tag => tag.Tag_));
        Assert.Empty(rest.NextPageToken);
    }

    [Fact]
    public async Task A_repository_is_listed_and_deleted_with_all_it_has()
    {
        await http.PushImageAsync("acme/whole", "v1", "whole layer");
        const string name = "tenants/acme/repositories/whole";
        var listed = await Images.ListRepositoriesAsync(new ListRepositoriesRequest { Parent = "tenants/acme", PageSize = 1000 });
        var found = listed.Repositories.Single(repository => repository.Name == name);
        Assert.Equal((1, 13), (found.ManifestCount, found.SizeBytes));
        await Images.DeleteRepositoryAsync(new DeleteRepositoryRequest { Name = name });
        await ExpectAsync(StatusCode.NotFound, "IMAGE_NOT_FOUND", Images.GetImageAsync(new GetImageRequest { Name = $"{name}/images/v1" }));
        await http.PushImageAsync("acme/whole", "v2", "whole layer");
    }

    [Fact]
    public async Task Tags_images_and_referrers_are_managed()
    {
        var image = await http.PushImageAsync("acme/managed", "v1", "layer");
        await http.PushImageAsync("acme/managed", null, "layer", image.ToString(), "x/bill");
        const string parent = "tenants/acme/repositories/managed";
        var referrers = await Images.ListReferrersAsync(new ListReferrersRequest { Parent = $"{parent}/images/{image}", ArtifactType = "x/bill" });
        Assert.Equal("x/bill", referrers.Referrers.Single().ArtifactType);
        await Images.DeleteImageAsync(new DeleteImageRequest { Name = $"{parent}/images/v1" });
        Assert.Empty((await Images.GetImageAsync(new GetImageRequest { Name = $"{parent}/images/{image}" })).Image.Tags);
        await Images.DeleteImageAsync(new DeleteImageRequest { Name = $"{parent}/images/{image}" });
        await ExpectAsync(StatusCode.NotFound, "IMAGE_NOT_FOUND", Images.DeleteImageAsync(new DeleteImageRequest { Name = $"{parent}/images/{image}" }));
    }

    private static async Task ExpectAsync<T>(StatusCode status, string reason, AsyncUnaryCall<T> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Equal((status, reason), (refused.StatusCode, refused.Reason()));
    }
}
