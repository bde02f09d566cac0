using System.Net;
using System.Text;
using Mesh.Registry.Blobs;
using Mesh.Registry.Manifests;
using Mesh.Registry.Tests.Servers;

namespace Mesh.Registry.Tests.Distribution;

[Collection(SharedRegistry.Name)]
[Trait("Needs", "servers")]
public sealed class ManifestTests(RegistryServer server)
{
    private readonly OciClient client = server.Client(Callers.Admin);

    [Fact]
    public async Task A_manifest_comes_back_byte_for_byte_by_tag_and_by_digest()
    {
        var digest = await client.PushImageAsync("acme/image", "v1", "layer");
        foreach (var reference in (string[])["v1", digest.ToString()])
        {
            using var got = await client.ExpectAsync(HttpStatusCode.OK, "GET", $"/v2/acme/image/manifests/{reference}");
            Assert.Equal(Images.Manifest("layer"), await got.Content.ReadAsByteArrayAsync());
            Assert.Equal(MediaTypes.OciManifest, got.Content.Headers.ContentType!.MediaType);
            using var head = await client.ExpectAsync(HttpStatusCode.OK, "HEAD", $"/v2/acme/image/manifests/{reference}");
            Assert.Equal(digest.ToString(), head.Headers.GetValues("Docker-Content-Digest").Single());
            Assert.Equal(Images.Manifest("layer").Length, head.Content.Headers.ContentLength);
        }
    }

    [Fact]
    public async Task A_manifest_without_its_blobs_is_refused_and_leaves_nothing()
    {
        await client.PushBlobAsync("acme/lacking", "{}");
        await client.ExpectErrorAsync(
            HttpStatusCode.NotFound, "MANIFEST_BLOB_UNKNOWN", "PUT", "/v2/acme/lacking/manifests/v1", Images.Manifest("not here"), MediaTypes.OciManifest);
        await client.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_UNKNOWN", "GET", "/v2/acme/lacking/manifests/v1");
        await client.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN", "GET", "/v2/acme/lacking/tags/list");
    }

    [Fact]
    public async Task An_index_needs_its_manifests_and_keeps_them()
    {
        var child = await client.PushImageAsync("acme/index", null, "for one platform");
        var size = Images.Manifest("for one platform").Length;
        var index = Images.Index((child, size));
        await client.ExpectErrorAsync(
            HttpStatusCode.NotFound, "MANIFEST_BLOB_UNKNOWN", "PUT", "/v2/acme/index/manifests/all", Images.Index((Digest.Of("?"u8), 1)), MediaTypes.OciIndex);
        var digest = await client.PushManifestAsync("acme/index", "all", index, MediaTypes.OciIndex);
        await client.ExpectErrorAsync(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED", "DELETE", $"/v2/acme/index/manifests/{child}");
        await client.ExpectAsync(HttpStatusCode.Accepted, "DELETE", $"/v2/acme/index/manifests/{digest}");
        await client.ExpectAsync(HttpStatusCode.Accepted, "DELETE", $"/v2/acme/index/manifests/{child}");
    }

    [Fact]
    public async Task What_is_no_manifest_is_refused()
    {
        await client.PushBlobAsync("acme/bad", "{}");
        var good = Images.Manifest("{}");
        const string address = "/v2/acme/bad/manifests/v1";
        await client.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID", "PUT", address, good, "text/plain");
        await client.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID", "PUT", address, good, MediaTypes.OciIndex);
        await client.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID", "PUT", address, "{"u8.ToArray(), MediaTypes.OciManifest);
        await client.ExpectErrorAsync(HttpStatusCode.BadRequest, "TAG_INVALID", "PUT", "/v2/acme/bad/manifests/-tag", good, MediaTypes.OciManifest);
        await client.ExpectErrorAsync(
            HttpStatusCode.BadRequest, "DIGEST_INVALID", "PUT", $"/v2/acme/bad/manifests/{Digest.Of("other"u8)}", good, MediaTypes.OciManifest);
        var wrongSize = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(good).Replace("\"size\":2", "\"size\":3", StringComparison.Ordinal));
        await client.ExpectErrorAsync(HttpStatusCode.BadRequest, "MANIFEST_INVALID", "PUT", address, wrongSize, MediaTypes.OciManifest);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_manifest_of_4_MiB_is_the_largest(bool chunked)
    {
        await client.PushBlobAsync("acme/large", "{}");
        var open = Encoding.UTF8.GetString(Images.Manifest("{}"))[..^1] + ",\"annotations\":{\"a\":\"";
        byte[] Padded(int size) => Encoding.UTF8.GetBytes(open + new string('x', size - open.Length - 3) + "\"}}");
        await client.PushManifestAsync("acme/large", "most", Padded(Manifest.MostBytes));
        using var request = new HttpRequestMessage(HttpMethod.Put, "/v2/acme/large/manifests/more") { Content = new ByteArrayContent(Padded(Manifest.MostBytes + 1)) };
        request.Headers.TransferEncodingChunked = chunked;
        request.Content.Headers.ContentType = new(MediaTypes.OciManifest);
        using var refused = await client.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
    }

    [Fact]
    public async Task Deleting_a_tag_leaves_the_manifest_and_deleting_the_manifest_takes_its_tags()
    {
        var digest = await client.PushImageAsync("acme/delete", "one", "layer");
        await client.PushImageAsync("acme/delete", "two", "layer");
        await client.ExpectAsync(HttpStatusCode.Accepted, "DELETE", "/v2/acme/delete/manifests/one");
        await client.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_UNKNOWN", "DELETE", "/v2/acme/delete/manifests/one");
        await client.ExpectAsync(HttpStatusCode.OK, "GET", $"/v2/acme/delete/manifests/{digest}");
        await client.ExpectAsync(HttpStatusCode.Accepted, "DELETE", $"/v2/acme/delete/manifests/{digest}");
        await client.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_UNKNOWN", "GET", "/v2/acme/delete/manifests/two");
        Assert.Empty((await client.JsonAsync("/v2/acme/delete/tags/list")).GetProperty("tags").EnumerateArray());
    }

    [Fact]
    public async Task Many_pushes_of_one_tag_leave_one_of_them_whole()
    {
        var layers = Enumerable.Range(0, 12).Select(number => $"layer {number}").ToList();
        var digests = await Task.WhenAll(layers.Select(layer => client.PushImageAsync("acme/race", "latest", layer)));
        using var got = await client.ExpectAsync(HttpStatusCode.OK, "GET", "/v2/acme/race/manifests/latest");
        var digest = got.Headers.GetValues("Docker-Content-Digest").Single();
        Assert.Contains(digest, digests.Select(pushed => pushed.ToString()));
        Assert.Equal(digest, Digest.Of(await got.Content.ReadAsByteArrayAsync()).ToString());
        foreach (var pushed in digests) await client.ExpectAsync(HttpStatusCode.OK, "HEAD", $"/v2/acme/race/manifests/{pushed}");
        Assert.Equal("latest", (await client.JsonAsync("/v2/acme/race/tags/list")).GetProperty("tags").EnumerateArray().Single().GetString());
    }
}
