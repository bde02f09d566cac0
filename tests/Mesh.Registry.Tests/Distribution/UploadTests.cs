using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Mesh.Registry.Blobs;
using Mesh.Registry.Tests.Servers;
using Mesh.Testing;

namespace Mesh.Registry.Tests.Distribution;

[Collection(SharedRegistry.Name)]
[Trait("Needs", "servers")]
public sealed class UploadTests(RegistryServer server)
{
    private readonly OciClient client = server.Client(Callers.Developer);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5_000_000)]
    public async Task A_blob_comes_in_one_request(int size)
    {
        var content = RandomNumberGenerator.GetBytes(size);
        var digest = Digest.Of(content);
        using var pushed = await client.ExpectAsync(HttpStatusCode.Created, "POST", $"/v2/acme/mono/blobs/uploads/?digest={digest}", content);
        Assert.Equal($"/v2/acme/mono/blobs/{digest}", pushed.Headers.Location!.ToString());
        Assert.Equal(digest.ToString(), pushed.Headers.GetValues("Docker-Content-Digest").Single());
        Assert.Equal(content, await client.Http.GetByteArrayAsync($"/v2/acme/mono/blobs/{digest}"));
    }

    [Fact]
    public async Task A_blob_comes_with_POST_and_PUT()
    {
        var address = await client.BeginAsync("acme/put");
        var digest = Digest.Of("content"u8);
        await client.ExpectAsync(HttpStatusCode.Created, "PUT", $"{address}?digest={digest}", "content"u8.ToArray());
        await client.ExpectAsync(HttpStatusCode.OK, "HEAD", $"/v2/acme/put/blobs/{digest}");
        await client.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN", "GET", address);
    }

    [Fact]
    public async Task The_end_of_an_upload_may_be_repeated()
    {
        var address = await client.BeginAsync("acme/repeat");
        var digest = Digest.Of("repeated"u8);
        await client.ExpectAsync(HttpStatusCode.Created, "PUT", $"{address}?digest={digest}", "repeated"u8.ToArray());
        await client.ExpectAsync(HttpStatusCode.Created, "PUT", $"{address}?digest={digest}", "repeated"u8.ToArray());
    }

    [Fact]
    public async Task A_blob_comes_in_chunks()
    {
        var content = RandomNumberGenerator.GetBytes(3_000_000);
        var address = await client.BeginAsync("acme/chunks");
        for (var offset = 0; offset < content.Length; offset += 1_000_000)
        {
            var chunk = content[offset..(offset + 1_000_000)];
            using var taken = await client.ExpectAsync(
                HttpStatusCode.Accepted, "PATCH", address, chunk, "application/octet-stream", $"{offset}-{offset + 999_999}");
            Assert.Equal($"0-{offset + 999_999}", taken.Headers.GetValues("Range").Single());
            address = taken.Headers.Location!.ToString();
        }
        var digest = Digest.Of(content);
        await client.ExpectAsync(HttpStatusCode.Created, "PUT", $"{address}?digest={digest}", []);
        Assert.Equal(content, await client.Http.GetByteArrayAsync($"/v2/acme/chunks/blobs/{digest}"));
    }

    [Fact]
    public async Task A_chunk_out_of_order_is_refused_with_where_to_go_on()
    {
        var address = await client.BeginAsync("acme/order");
        await client.ExpectAsync(HttpStatusCode.Accepted, "PATCH", address, "abc"u8.ToArray(), contentRange: "0-2");
        foreach (var range in (string[])["0-2", "2-4", "4-6"])
        {
            using var refused = await client.ExpectAsync(
                HttpStatusCode.RequestedRangeNotSatisfiable, "PATCH", address, "def"u8.ToArray(), contentRange: range);
            Assert.Equal("0-2", refused.Headers.GetValues("Range").Single());
        }
        await client.ExpectErrorAsync(
            HttpStatusCode.RequestedRangeNotSatisfiable, "BLOB_UPLOAD_INVALID", "PATCH", address, "def"u8.ToArray(), contentRange: "9-11");
        using var status = await client.ExpectAsync(HttpStatusCode.NoContent, "GET", address);
        Assert.Equal("0-2", status.Headers.GetValues("Range").Single());
        var digest = Digest.Of("abcdef"u8);
        await client.ExpectAsync(HttpStatusCode.Created, "PUT", $"{address}?digest={digest}", "def"u8.ToArray(), contentRange: "3-5");
    }

    [Theory]
    [InlineData("0-9", HttpStatusCode.BadRequest, "SIZE_INVALID")]
    [InlineData("0-0", HttpStatusCode.BadRequest, "SIZE_INVALID")]
    [InlineData("x-y", HttpStatusCode.BadRequest, "BLOB_UPLOAD_INVALID")]
    public async Task A_chunk_that_is_not_what_it_says_leaves_nothing(string range, HttpStatusCode status, string code)
    {
        var address = await client.BeginAsync("acme/lies");
        await client.ExpectErrorAsync(status, code, "PATCH", address, "abc"u8.ToArray(), contentRange: range);
        await client.ExpectAsync(HttpStatusCode.Created, "PUT", $"{address}?digest={Digest.Of("def"u8)}", "def"u8.ToArray());
    }

    [Fact]
    public async Task Content_with_another_digest_is_thrown_away()
    {
        var wrong = Digest.Of("something else"u8);
        var address = await client.BeginAsync("acme/wrong");
        await client.ExpectErrorAsync(HttpStatusCode.BadRequest, "DIGEST_INVALID", "PUT", $"{address}?digest={wrong}", "content!"u8.ToArray());
        await client.ExpectErrorAsync(HttpStatusCode.BadRequest, "DIGEST_INVALID", "POST", $"/v2/acme/wrong/blobs/uploads/?digest={wrong}", "x"u8.ToArray());
        await client.ExpectAsync(HttpStatusCode.NotFound, "HEAD", $"/v2/acme/wrong/blobs/{wrong}");
        await client.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN", "GET", address);
        foreach (var digest in (string[])["", "sha256:xyz", "md5:00"])
            await client.ExpectErrorAsync(HttpStatusCode.BadRequest, "DIGEST_INVALID", "POST", $"/v2/acme/wrong/blobs/uploads/?digest={digest}", []);
    }

    [Fact]
    public async Task An_upload_is_cancelled()
    {
        var address = await client.BeginAsync("acme/cancel");
        await client.ExpectAsync(HttpStatusCode.NoContent, "DELETE", address);
        foreach (var method in (string[])["GET", "DELETE"])
            await client.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN", method, address);
        await client.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN", "PATCH", address, "x"u8.ToArray());
        await client.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN", "GET", "/v2/acme/cancel/blobs/uploads/nonsense");
    }

    [Fact]
    public async Task An_upload_belongs_to_its_repository()
    {
        var address = await client.BeginAsync("acme/mine");
        var elsewhere = address.Replace("/mine/", "/yours/", StringComparison.Ordinal);
        await client.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN", "PATCH", elsewhere, "x"u8.ToArray());
        using var service = server.Client(server.ServiceToken);
        var foreign = address.Replace("/acme/", "/other/", StringComparison.Ordinal);
        await service.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN", "GET", foreign);
    }

    [Fact]
    public async Task Sha512_is_taken_too()
    {
        var content = "under another hash"u8.ToArray();
        var digest = Digest.FromHash(HashAlgorithmName.SHA512, SHA512.HashData(content));
        var address = await client.BeginAsync("acme/sha512");
        await client.ExpectAsync(HttpStatusCode.Accepted, "PATCH", address, content);
        await client.ExpectAsync(HttpStatusCode.Created, "PUT", $"{address}?digest={digest}", []);
        Assert.Equal(content, await client.Http.GetByteArrayAsync($"/v2/acme/sha512/blobs/{digest}"));
    }

    [Fact]
    public async Task A_blob_is_mounted_from_where_the_caller_may_read_it()
    {
        using var service = server.Client(server.ServiceToken);
        var mine = await client.PushBlobAsync("acme/source", "mine");
        var hidden = await service.PushBlobAsync("other/source", "hidden");
        var stack = await service.PushBlobAsync("stacks/source", "stack");
        const string target = "/v2/acme/mounted/blobs/uploads/";

        using var mounted = await client.ExpectAsync(HttpStatusCode.Created, "POST", $"{target}?mount={mine}&from=acme/source", []);
        Assert.Equal($"/v2/acme/mounted/blobs/{mine}", mounted.Headers.Location!.ToString());
        Assert.Equal("mine", await client.Http.GetStringAsync($"/v2/acme/mounted/blobs/{mine}"));
        await client.ExpectAsync(HttpStatusCode.Created, "POST", $"{target}?mount={stack}&from=stacks/source", []);
        await client.ExpectAsync(HttpStatusCode.Created, "POST", $"/v2/acme/anywhere/blobs/uploads/?mount={mine}", []);

        // What the caller may not read is answered like what is not there: with an upload.
        await client.ExpectAsync(HttpStatusCode.Accepted, "POST", $"{target}?mount={hidden}&from=other/source", []);
        await client.ExpectAsync(HttpStatusCode.Accepted, "POST", $"{target}?mount={hidden}", []);
        await client.ExpectAsync(HttpStatusCode.Accepted, "POST", $"{target}?mount={Digest.Of("nowhere"u8)}&from=acme/source", []);
        await client.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UNKNOWN", "GET", $"/v2/acme/mounted/blobs/{hidden}");
        using var both = server.Client(Callers.Both);
        await both.ExpectAsync(HttpStatusCode.Created, "POST", $"{target}?mount={hidden}&from=other/source", []);
    }

    [Fact]
    public async Task What_came_before_the_connection_broke_is_kept()
    {
        var content = RandomNumberGenerator.GetBytes(1_000_000);
        var address = await client.BeginAsync("acme/broken");
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(server.Process.Address.Host, server.Process.Address.Port);
            var head = $"PATCH {address} HTTP/1.1\r\nHost: {server.Host}\r\nAuthorization: Bearer {Callers.Developer}\r\n" +
                $"Content-Length: {content.Length}\r\n\r\n";
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head));
            await socket.GetStream().WriteAsync(content.AsMemory(0, 600_000));
            await Wait.UntilAsync("some of it has come", async () => await OffsetAsync(address) > 1);
        }
        await Wait.UntilAsync("the broken request has ended", async () =>
        {
            using var tried = await client.SendAsync("PATCH", address, []);
            return tried.StatusCode == HttpStatusCode.Accepted;
        });
        var offset = (int)await OffsetAsync(address);
        Assert.InRange(offset, 1, 600_000);
        await client.ExpectAsync(HttpStatusCode.Accepted, "PATCH", address, content[offset..], contentRange: $"{offset}-{content.Length - 1}");
        await client.ExpectAsync(HttpStatusCode.Created, "PUT", $"{address}?digest={Digest.Of(content)}", []);
    }

    private async Task<long> OffsetAsync(string address)
    {
        using var status = await client.ExpectAsync(HttpStatusCode.NoContent, "GET", address);
        return long.Parse(status.Headers.GetValues("Range").Single()[2..], null) + 1;
    }
}
