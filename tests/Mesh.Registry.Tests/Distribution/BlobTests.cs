using System.Net;
using System.Security.Cryptography;
using Mesh.Registry.Blobs;
using Mesh.Registry.Tests.Servers;

namespace Mesh.Registry.Tests.Distribution;

[Collection(SharedRegistry.Name)]
[Trait("Needs", "servers")]
public sealed class BlobTests(RegistryServer server)
{
    private readonly OciClient client = server.Client(Callers.Admin);

    [Fact]
    public async Task HEAD_tells_size_and_digest()
    {
        var digest = await client.PushBlobAsync("acme/head", "0123456789");
        using var head = await client.ExpectAsync(HttpStatusCode.OK, "HEAD", $"/v2/acme/head/blobs/{digest}");
        Assert.Equal(10, head.Content.Headers.ContentLength);
        Assert.Equal(digest.ToString(), head.Headers.GetValues("Docker-Content-Digest").Single());
    }

    [Theory]
    [InlineData("bytes=0-0", "0", "bytes 0-0/10")]
    [InlineData("bytes=3-5", "345", "bytes 3-5/10")]
    [InlineData("bytes=7-", "789", "bytes 7-9/10")]
    [InlineData("bytes=7-1000", "789", "bytes 7-9/10")]
    [InlineData("bytes=-4", "6789", "bytes 6-9/10")]
    [InlineData("bytes=-99", "0123456789", "bytes 0-9/10")]
    public async Task A_range_is_answered_alone(string range, string expected, string contentRange)
    {
        var digest = await client.PushBlobAsync("acme/range", "0123456789");
        using var part = await client.ExpectAsync(HttpStatusCode.PartialContent, "GET", $"/v2/acme/range/blobs/{digest}", range: range);
        Assert.Equal(expected, await part.Content.ReadAsStringAsync());
        Assert.Equal(contentRange, part.Content.Headers.ContentRange!.ToString());
    }

    [Theory]
    [InlineData("bytes=0-1,4-5")]
    [InlineData("lines=1-2")]
    public async Task What_cannot_be_answered_in_part_is_answered_whole(string range)
    {
        var digest = await client.PushBlobAsync("acme/range", "0123456789");
        using var whole = await client.ExpectAsync(HttpStatusCode.OK, "GET", $"/v2/acme/range/blobs/{digest}", range: range);
        Assert.Equal("0123456789", await whole.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_range_behind_the_end_is_refused()
    {
        var digest = await client.PushBlobAsync("acme/range", "0123456789");
        await client.ExpectErrorAsync(
            HttpStatusCode.RequestedRangeNotSatisfiable, "SIZE_INVALID", "GET", $"/v2/acme/range/blobs/{digest}", range: "bytes=10-");
    }

    [Fact]
    public async Task A_broken_pull_goes_on_with_a_range()
    {
        var content = RandomNumberGenerator.GetBytes(2_000_000);
        var digest = await client.PushBlobAsync("acme/resume", content);
        using var rest = await client.ExpectAsync(HttpStatusCode.PartialContent, "GET", $"/v2/acme/resume/blobs/{digest}", range: "bytes=1234567-");
        Assert.Equal(content[1234567..], await rest.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Bytes_are_kept_once_and_seen_only_where_they_were_pushed()
    {
        var digest = await client.PushBlobAsync("acme/first", "shared bytes");
        await client.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UNKNOWN", "GET", $"/v2/acme/second/blobs/{digest}");
        await client.PushBlobAsync("acme/second", "shared bytes");
        await client.ExpectAsync(HttpStatusCode.Accepted, "DELETE", $"/v2/acme/first/blobs/{digest}");
        await client.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UNKNOWN", "GET", $"/v2/acme/first/blobs/{digest}");
        Assert.Equal("shared bytes", await client.Http.GetStringAsync($"/v2/acme/second/blobs/{digest}"));
        Assert.Single(Directory.GetFiles(server.Data, digest.Hex, SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_blob_that_a_manifest_needs_is_not_deleted()
    {
        await client.PushImageAsync("acme/needed", "v1", "needed layer");
        var layer = Digest.Of("needed layer"u8);
        await client.ExpectErrorAsync(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED", "DELETE", $"/v2/acme/needed/blobs/{layer}");
        Assert.Equal("needed layer", await client.Http.GetStringAsync($"/v2/acme/needed/blobs/{layer}"));
    }

    [Fact]
    public async Task What_is_malformed_is_refused()
    {
        await client.ExpectErrorAsync(HttpStatusCode.BadRequest, "DIGEST_INVALID", "GET", "/v2/acme/shop/blobs/sha256:zz");
        await client.ExpectErrorAsync(HttpStatusCode.BadRequest, "NAME_INVALID", "GET", $"/v2/acme/Shop/blobs/{Digest.Of("x"u8)}");
        await client.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN", "GET", "/v2/acme/shop/nothing");
        await client.ExpectErrorAsync(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED", "POST", $"/v2/acme/shop/blobs/{Digest.Of("x"u8)}", []);
    }
}
