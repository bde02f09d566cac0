using System.Net;
using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Mesh.Registry.Blobs;
using Mesh.Registry.V1;
using Mesh.Testing;

namespace Mesh.Registry.Tests.Servers;

/// <summary>The registry is killed at any moment: nothing half-visible, nothing lost that was acknowledged.</summary>
[Trait("Needs", "servers")]
public sealed class KillTests : IAsyncLifetime
{
    private RegistryServer server = null!;

    public async Task InitializeAsync() => server = await RegistryServer.StartAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_chunked_upload_goes_on_after_a_kill()
    {
        var content = RandomNumberGenerator.GetBytes(4_000_000);
        using var client = server.Client(Callers.Developer);
        var address = await client.BeginAsync("acme/killed");
        await client.ExpectAsync(HttpStatusCode.Accepted, "PATCH", address, content[..1_000_000], contentRange: "0-999999");

        // The second chunk is under way when the process is killed.
        using var slow = new SlowContent(content.AsMemory(1_000_000, 2_000_000), stopAfter: 1_200_000);
        using var request = new HttpRequestMessage(HttpMethod.Patch, address) { Content = slow };
        var sending = client.Http.SendAsync(request);
        await slow.Stopped;
        await Wait.UntilAsync("some of the chunk has come", async () => await OffsetAsync(client, address) > 1_000_000);
        await server.Process.KillAsync();
        slow.Release();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => sending);
        await server.StartAgainAsync();

        var offset = (int)await OffsetAsync(client, address);
        Assert.InRange(offset, 1_000_000, 3_000_000);
        await client.ExpectAsync(HttpStatusCode.Accepted, "PATCH", address, content[offset..], contentRange: $"{offset}-{content.Length - 1}");
        var digest = Digest.Of(content);
        await client.ExpectAsync(HttpStatusCode.NotFound, "HEAD", $"/v2/acme/killed/blobs/{digest}");
        await client.ExpectAsync(HttpStatusCode.Created, "PUT", $"{address}?digest={digest}", []);
        Assert.Equal(content, await client.Http.GetByteArrayAsync($"/v2/acme/killed/blobs/{digest}"));
    }

    [Fact]
    public async Task A_streamed_upload_goes_on_after_a_kill()
    {
        const string parent = "tenants/acme/repositories/killed";
        var content = RandomNumberGenerator.GetBytes(2_000_000);
        var (id, digest) = (Guid.NewGuid().ToString(), Digest.Of(content).ToString());
        var (channel, invoker) = server.Channel(Callers.Developer);
        using var closing = channel;
        var blobs = new V1.BlobService.BlobServiceClient(invoker);
        async Task<long> SentAsync() => (await blobs.GetUploadAsync(new GetUploadRequest { Parent = parent, UploadId = id })).Offset;

        using (var broken = blobs.UploadBlob())
        {
            await broken.RequestStream.WriteAsync(Start(0));
            await broken.RequestStream.WriteAsync(new UploadBlobRequest { Data = ByteString.CopyFrom(content, 0, 800_000) });
            await Wait.UntilAsync("the piece has come", () => Polled.IsAsync(SentAsync, 800_000));
            await server.Process.KillAsync();
            await Assert.ThrowsAsync<RpcException>(() => broken.ResponseAsync);
        }
        await server.StartAgainAsync();

        using var call = blobs.UploadBlob();
        await call.RequestStream.WriteAsync(Start(await SentAsync()));
        await call.RequestStream.WriteAsync(new UploadBlobRequest { Data = ByteString.CopyFrom(content, 800_000, 1_200_000) });
        await call.RequestStream.CompleteAsync();
        Assert.Equal(digest, (await call.ResponseAsync).Digest);

        UploadBlobRequest Start(long offset) => new()
        {
            Start = new UploadBlobRequest.Types.Start { Parent = parent, Digest = digest, UploadId = id, Offset = offset },
        };
    }

    [Fact]
    public async Task Every_push_that_was_acknowledged_before_a_kill_is_whole_after_it()
    {
        var acknowledged = new List<(string Tag, Digest Digest, string Layer)>();
        for (var round = 0; round < 4; round++)
        {
            using var client = server.Client(Callers.Developer);
            var pushes = Enumerable.Range(0, 8).Select(number => PushAsync(client, $"r{round}-{number}", $"layer {round} {number}")).ToList();
            await Task.WhenAny(pushes);
            await server.Process.KillAsync();
            foreach (var push in pushes)
            {
                if (await push is { } done) acknowledged.Add(done);
            }
            await server.StartAgainAsync();
        }
        Assert.NotEmpty(acknowledged);

        using var reader = server.Client(Callers.Viewer);
        foreach (var (tag, digest, layer) in acknowledged)
        {
            using var manifest = await reader.ExpectAsync(HttpStatusCode.OK, "GET", $"/v2/acme/many/manifests/{tag}");
            Assert.Equal(digest.ToString(), manifest.Headers.GetValues("Docker-Content-Digest").Single());
            Assert.Equal(layer, await reader.Http.GetStringAsync($"/v2/acme/many/blobs/{Digest.Of(System.Text.Encoding.UTF8.GetBytes(layer))}"));
        }

        // A tag that was not acknowledged is there with all that it needs, or not at all.
        var tags = (await reader.JsonAsync("/v2/acme/many/tags/list")).GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()!);
        foreach (var tag in tags)
        {
            var layer = $"layer {tag[1..].Replace('-', ' ')}";
            Assert.Equal(layer, await reader.Http.GetStringAsync($"/v2/acme/many/blobs/{Digest.Of(System.Text.Encoding.UTF8.GetBytes(layer))}"));
        }
    }

    private static async Task<(string Tag, Digest Digest, string Layer)?> PushAsync(OciClient client, string tag, string layer)
    {
        try
        {
            return (tag, await client.PushImageAsync("acme/many", tag, layer), layer);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static async Task<long> OffsetAsync(OciClient client, string address)
    {
        using var status = await client.ExpectAsync(HttpStatusCode.NoContent, "GET", address);
        return long.Parse(status.Headers.GetValues("Range").Single()[2..], null) + 1;
    }
}
