using Mesh.Registry.Distribution;

namespace Mesh.Registry.Tests.Distribution;

public sealed class OciRouteTests
{
    [Theory]
    [InlineData("", OciRouteKind.Version, "", "")]
    [InlineData("_catalog", OciRouteKind.Catalog, "", "")]
    [InlineData("acme/shop/manifests/latest", OciRouteKind.Manifest, "acme/shop", "latest")]
    [InlineData("acme/shop/web/manifests/sha256:ab", OciRouteKind.Manifest, "acme/shop/web", "sha256:ab")]
    [InlineData("acme/shop/blobs/sha256:ab", OciRouteKind.Blob, "acme/shop", "sha256:ab")]
    [InlineData("acme/shop/blobs/uploads/", OciRouteKind.Uploads, "acme/shop", "")]
    [InlineData("acme/shop/blobs/uploads", OciRouteKind.Uploads, "acme/shop", "")]
    [InlineData("acme/shop/blobs/uploads/1-2", OciRouteKind.Upload, "acme/shop", "1-2")]
    [InlineData("acme/shop/tags/list", OciRouteKind.Tags, "acme/shop", "")]
    [InlineData("acme/shop/referrers/sha256:ab", OciRouteKind.Referrers, "acme/shop", "sha256:ab")]
    [InlineData("acme/blobs/manifests/tags/manifests/v1", OciRouteKind.Manifest, "acme/blobs/manifests/tags", "v1")]
    public void Reads_addresses_from_their_end(string path, OciRouteKind kind, string repository, string reference) =>
        Assert.Equal(new OciRoute(kind, repository, reference), OciRoute.Parse(path));

    [Theory]
    [InlineData("acme")]
    [InlineData("acme/shop")]
    [InlineData("manifests/latest")]
    [InlineData("acme/shop/tags")]
    [InlineData("acme/shop/tags/other")]
    [InlineData("acme/shop/manifests/a/b")]
    public void Knows_what_is_no_address(string path) => Assert.Null(OciRoute.Parse(path));
}
