using Mesh.Common.Errors;
using Mesh.Ingestion.Scans;

namespace Mesh.Ingestion.Tests.Scans;

public sealed class ImageNameTests
{
    private static readonly string s_digest = "sha256:" + new string('a', 64);

    [Fact]
    public void An_image_and_its_scan_name_each_other()
    {
        var image = ImageName.Parse($"acme/shop@{s_digest}", "image");
        Assert.Equal(new ImageName("acme", "shop", s_digest), image);
        Assert.Equal(image, ImageName.ParseScan(image.Scan));
        Assert.Equal($"acme/shop@{s_digest}", image.ToString());
    }

    [Theory]
    [InlineData("acme/shop:latest")]
    [InlineData("acme/shop@sha256:abc")]
    [InlineData("acme/team/shop@")]
    [InlineData("Acme/shop@")]
    [InlineData("acme@")]
    public void What_is_no_image_by_digest_is_refused(string start) =>
        Assert.Throws<MeshException>(() => ImageName.Parse(start.EndsWith('@') ? start + s_digest : start, "image"));
}
