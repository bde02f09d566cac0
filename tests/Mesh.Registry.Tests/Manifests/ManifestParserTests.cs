using System.Text;
using Mesh.Common.Errors;
using Mesh.Registry.Blobs;
using Mesh.Registry.Manifests;

namespace Mesh.Registry.Tests.Manifests;

public sealed class ManifestParserTests
{
    private static readonly string A = Digest.Of("a"u8).ToString();
    private static readonly string B = Digest.Of("b"u8).ToString();
    private static readonly string Config = $$"""{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{A}}","size":1}""";

    [Fact]
    public void Reads_an_image()
    {
        var text = $$"""
            {"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{Config}},
             "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{B}}","size":7},
                       {"mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar","digest":"{{B}}","size":7}],
             "subject":{"mediaType":"{{MediaTypes.OciManifest}}","digest":"{{B}}","size":9},"annotations":{"k":"v"},"more":[1]}
            """;
        var manifest = Parse(text, MediaTypes.OciManifest);
        Assert.Equal(Digest.Of(Encoding.UTF8.GetBytes(text)), manifest.Digest);
        Assert.Equal("application/vnd.oci.image.config.v1+json", manifest.ArtifactType);
        Assert.Equal([A, B], manifest.Blobs.Select(blob => blob.Digest.ToString()));
        Assert.Equal(B, manifest.Subject!.ToString());
        Assert.Equal("v", manifest.Annotations!["k"]);
    }

    [Fact]
    public void Reads_an_index()
    {
        var text = $$"""{"schemaVersion":2,"artifactType":"x/y","manifests":[{"mediaType":"{{MediaTypes.OciManifest}}","digest":"{{B}}","size":7}]}""";
        var manifest = Parse(text, MediaTypes.OciIndex);
        Assert.Equal("x/y", manifest.ArtifactType);
        Assert.Equal(B, manifest.Children.Single().Digest.ToString());
        Assert.Empty(manifest.Blobs);
    }

    [Fact]
    public void Takes_the_manifests_own_type_when_none_is_stated() =>
        Assert.Equal(MediaTypes.DockerManifest, Parse($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.DockerManifest}}","config":{{Config}},"layers":[]}""", null).MediaType);

    public static TheoryData<string, string?> Wrong => new()
    {
        { "", MediaTypes.OciManifest },
        { "null", MediaTypes.OciManifest },
        { "[]", MediaTypes.OciManifest },
        { "{\"schemaVersion\":2", MediaTypes.OciManifest },
        { "{\"schemaVersion\":1,\"config\":" + Config + ",\"layers\":[]}", MediaTypes.OciManifest },
        { "{\"schemaVersion\":2,\"config\":" + Config + ",\"layers\":[]}", "text/plain" },
        { "{\"schemaVersion\":2,\"config\":" + Config + ",\"layers\":[]}", null },
        { "{\"schemaVersion\":2,\"mediaType\":\"" + MediaTypes.OciIndex + "\",\"config\":" + Config + ",\"layers\":[]}", MediaTypes.OciManifest },
        { "{\"schemaVersion\":2,\"layers\":[]}", MediaTypes.OciManifest },
        { "{\"schemaVersion\":2,\"config\":" + Config + "}", MediaTypes.OciManifest },
        { "{\"schemaVersion\":2,\"config\":" + Config + ",\"layers\":[null]}", MediaTypes.OciManifest },
        { "{\"schemaVersion\":2,\"config\":" + Config + ",\"layers\":[{\"mediaType\":\"x\",\"digest\":\"nope\",\"size\":1}]}", MediaTypes.OciManifest },
        { "{\"schemaVersion\":2,\"config\":" + Config + ",\"layers\":[{\"mediaType\":\"x\",\"digest\":\"" + A + "\",\"size\":-1}]}", MediaTypes.OciManifest },
        { "{\"schemaVersion\":2,\"config\":" + Config + ",\"layers\":[],\"manifests\":[]}", MediaTypes.OciManifest },
        { "{\"schemaVersion\":2,\"config\":" + Config + ",\"layers\":[]}", MediaTypes.OciIndex },
        { "{\"schemaVersion\":2,\"annotations\":{\"a\":1},\"manifests\":[]}", MediaTypes.OciIndex },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Refuses_what_is_no_manifest(string text, string? mediaType) =>
        Assert.Equal("MANIFEST_INVALID", Assert.Throws<MeshException>(() => Parse(text, mediaType)).Reason);

    [Fact]
    public void Refuses_another_digest_than_expected()
    {
        Assert.True(Digest.TryParse(A, out var expected));
        var text = Encoding.UTF8.GetBytes("""{"schemaVersion":2,"manifests":[]}""");
        Assert.Equal("DIGEST_MISMATCH", Assert.Throws<MeshException>(() => ManifestParser.Parse(text, MediaTypes.OciIndex, expected)).Reason);
    }

    [Fact]
    public void Refuses_more_than_4_MiB() => Assert.Equal(
        "MANIFEST_TOO_LARGE", Assert.Throws<MeshException>(() => ManifestParser.Parse(new byte[Manifest.MostBytes + 1], null)).Reason);

    private static Manifest Parse(string text, string? mediaType) => ManifestParser.Parse(Encoding.UTF8.GetBytes(text), mediaType);
}
