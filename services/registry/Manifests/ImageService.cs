using System.Globalization;
using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Registry.Collection;
using Mesh.Registry.Repositories;

namespace Mesh.Registry.Manifests;

/// <summary>Repositories, images and tags over gRPC.</summary>
internal sealed class ImageService(
    RepositoryStore repositories, ManifestStore manifests, TagStore tags, ReferrerStore referrers, Collector collector)
    : V1.ImageService.ImageServiceBase
{
    private const int MostReferrers = 1000;

    public override async Task<V1.ListRepositoriesResponse> ListRepositories(V1.ListRepositoriesRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var size = PageToken.Size(request.PageSize);
        var after = PageToken.Decode(request.PageToken, request.Parent) ?? "";
        var page = await repositories.ListAsync(tenant, after, size + 1, context.CancellationToken);
        var response = new V1.ListRepositoriesResponse();
        response.Repositories.Add(page.Take(size).Select(repository => repository.ToWire()));
        if (page.Count > size) response.NextPageToken = PageToken.Encode(page[size - 1].Path.Name, request.Parent);
        return response;
    }

    public override async Task<V1.DeleteRepositoryResponse> DeleteRepository(V1.DeleteRepositoryRequest request, ServerCallContext context)
    {
        var path = RepositoryPath.ParseResource(request.Name, "name");
        if (!await repositories.DeleteAsync(path, context.CancellationToken)) throw RegistryErrors.RepositoryUnknown(path);
        return new V1.DeleteRepositoryResponse();
    }

    public override async Task<V1.PutImageResponse> PutImage(V1.PutImageRequest request, ServerCallContext context)
    {
        var path = RepositoryPath.ParseResource(request.Parent, "parent");
        foreach (var tag in request.Tags)
            if (!Tag.IsName(tag)) throw RegistryErrors.TagInvalid(tag, "tags");
        var manifest = ManifestParser.Parse(request.Manifest.Memory, request.MediaType);
        await manifests.PutAsync(path, manifest, request.Tags, context.CancellationToken);
        return new V1.PutImageResponse { Image = await FindAsync(new ImageName(path, Reference.To(manifest.Digest)), context) };
    }

    public override async Task<V1.GetImageResponse> GetImage(V1.GetImageRequest request, ServerCallContext context) =>
        new() { Image = await FindAsync(ImageName.Parse(request.Name, "name"), context) };

    public override async Task<V1.ListImagesResponse> ListImages(V1.ListImagesRequest request, ServerCallContext context)
    {
        var path = RepositoryPath.ParseResource(request.Parent, "parent");
        var size = PageToken.Size(request.PageSize);
        var page = await manifests.ListAsync(path, Position(request), size, context.CancellationToken);
        var response = new V1.ListImagesResponse();
        response.Images.Add(page.Select(stored => stored.ToWire(path, withContent: false)));

        // A full page may be the last one: the next is empty then.
        if (page.Count == size || page.Sum(stored => stored.Size) >= ManifestStore.MostBytes)
            response.NextPageToken = PageToken.Encode(
                string.Create(CultureInfo.InvariantCulture, $"{page[^1].PushTime.UtcTicks} {page[^1].Digest}"), request.Parent);
        return response;
    }

    public override async Task<V1.ListReferrersResponse> ListReferrers(V1.ListReferrersRequest request, ServerCallContext context)
    {
        var name = ImageName.Parse(request.Parent, "parent");
        var subject = name.Reference.Digest ?? throw MeshException.InvalidArgument("parent", "The image must be named by its digest.");
        var type = request.ArtifactType.Length == 0 ? null : request.ArtifactType;
        var response = new V1.ListReferrersResponse();
        var found = await referrers.ListAsync(name.Repository, subject, type, "", MostReferrers, context.CancellationToken);
        response.Referrers.Add(found.Select(part => part.ToWire()));
        return response;
    }

    public override async Task<V1.DeleteImageResponse> DeleteImage(V1.DeleteImageRequest request, ServerCallContext context)
    {
        var name = ImageName.Parse(request.Name, "name");
        var deleted = name.Reference.Digest is { } digest
            ? await manifests.DeleteAsync(name.Repository, digest, context.CancellationToken)
            : await tags.DeleteAsync(name.Repository, name.Reference.Tag!, context.CancellationToken);
        if (!deleted) throw RegistryErrors.ManifestUnknown(name.Repository, name.Reference.ToString());
        return new V1.DeleteImageResponse();
    }

    public override async Task<V1.ListTagsResponse> ListTags(V1.ListTagsRequest request, ServerCallContext context)
    {
        var path = RepositoryPath.ParseResource(request.Parent, "parent");
        var size = PageToken.Size(request.PageSize);
        var after = PageToken.Decode(request.PageToken, request.Parent) ?? "";
        var page = await tags.ListAsync(path, after, size + 1, context.CancellationToken) ?? throw RegistryErrors.RepositoryUnknown(path);
        var response = new V1.ListTagsResponse();
        response.Tags.Add(page.Take(size).Select(tag => tag.ToWire()));
        if (page.Count > size) response.NextPageToken = PageToken.Encode(page[size - 1].Name, request.Parent);
        return response;
    }

    public override async Task<V1.CollectGarbageResponse> CollectGarbage(V1.CollectGarbageRequest request, ServerCallContext context)
    {
        var collected = await collector.RunAsync(context.CancellationToken)
            ?? throw MeshException.Aborted("COLLECTION_RUNNING", "A collection runs already.", TimeSpan.FromSeconds(1));
        return new V1.CollectGarbageResponse { Blobs = collected.Blobs, Bytes = collected.Bytes };
    }

    private async Task<V1.Image> FindAsync(ImageName name, ServerCallContext context)
    {
        var stored = await manifests.FindAsync(name.Repository, name.Reference, withContent: true, context.CancellationToken)
            ?? throw RegistryErrors.ManifestUnknown(name.Repository, name.Reference.ToString());
        return stored.ToWire(name.Repository, withContent: true);
    }

    private static (DateTimeOffset Time, string Digest)? Position(V1.ListImagesRequest request)
    {
        if (PageToken.Decode(request.PageToken, request.Parent) is not { } position) return null;
        var parts = position.Split(' ', 2);
        return (new DateTimeOffset(long.Parse(parts[0], CultureInfo.InvariantCulture), TimeSpan.Zero), parts[1]);
    }
}
