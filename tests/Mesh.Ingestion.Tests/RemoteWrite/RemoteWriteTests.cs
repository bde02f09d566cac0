using System.Net;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Tests.Receiving;
using Mesh.Ingestion.Tests.Servers;

namespace Mesh.Ingestion.Tests.RemoteWrite;

[Trait("Needs", "servers")]
public sealed class RemoteWriteTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    private const string Type = "application/x-protobuf";

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    [Fact]
    public async Task Samples_are_in_the_table_once_and_stale_markers_are_kept()
    {
        var posts = new Posts(servers, "rw");
        var now = Now;
        for (var round = 0; round < 3; round++)
        {
            var request = new WriteRequest();
            for (var i = 0; i < 50; i++)
                request.Series($"__name__=m,i={i}", (now + round, i));
            var path = round == 1 ? "/api/v1/prom/write" : "/api/v1/write";
            Assert.Equal(HttpStatusCode.NoContent, (await posts.SendAsync(path, request.Pack(), Type, "snappy", round == 2 ? Posts.Basic : null)).Status);
        }

        var stale = new WriteRequest().Series("__name__=m,i=0", (now + 9, BitConverter.Int64BitsToDouble(0x7ff0000000000002)));
        // The second time as a sender does that saw no answer.
        Assert.Equal(HttpStatusCode.NoContent, (await posts.SendAsync("/api/v1/write", stale.Pack(), Type, "snappy")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await posts.SendAsync("/api/v1/write", stale.Pack(), Type, "snappy")).Status);
        await servers.WaitForAsync("select count() from samples where tenant = 'rw'", 151);
        await servers.WaitForAsync("select uniqExact(series, time) from samples where tenant = 'rw'", 151);
        await servers.WaitForAsync("select count() from series final where tenant = 'rw' and metric = 'm'", 50);
        await servers.WaitForAsync("select count() from samples where tenant = 'rw' and reinterpretAsUInt64(value) = 0x7ff0000000000002", 1);
    }

    [Fact]
    public async Task The_answer_says_what_became_of_the_request()
    {
        var posts = new Posts(servers, "rwerrors");
        var good = new WriteRequest().Series("__name__=m", (Now, 1)).Pack();
        var (status, body, _) = await posts.SendAsync("/api/v1/write", new WriteRequest().Series("__name__=m", (Now, 1)).Series("__name__=m", (5, 1)).Pack(), Type, "snappy");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("further back", body, StringComparison.Ordinal);
        (_, body, _) = await posts.SendAsync("/api/v1/write", new WriteRequest().Series("__name__=m,a=1,a=2", (Now, 1)).Pack(), Type, "snappy");
        Assert.Contains("1: A label comes only once in a series. For instance m{a=", body, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.BadRequest, (await posts.SendAsync("/api/v1/write", [1, 2, 3], Type, "snappy")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await posts.SendAsync("/api/v1/write", Packed([0x0a, 0xff]), Type, "snappy")).Status);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await posts.SendAsync("/api/v1/write", good, Type + ";proto=io.prometheus.write.v2.Request", "snappy")).Status);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await posts.SendAsync("/api/v1/write", good, "application/json", "snappy")).Status);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await posts.SendAsync("/api/v1/write", good, Type, "gzip")).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await posts.SendAsync("/api/v1/write", Packed(new byte[64 << 20]), Type, "snappy")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await posts.SendAsync("/api/v1/write", good, Type, "snappy", "Bearer meshsvc_agent_00")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await posts.SendAsync("/api/v1/write", good, Type, "snappy", "")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await posts.SendAsync("/api/v1/write", good, Type + ";proto=prometheus.WriteRequest", "snappy")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await posts.SendAsync("/api/v1/write", Packed([]), Type, "snappy")).Status);
        await servers.WaitForAsync("select count() from samples where tenant = 'rwerrors'", 2);
    }

    private static byte[] Packed(byte[] bytes)
    {
        using var packed = new ByteBuffer();
        new Mesh.Ingestion.Snappy.SnappyEncoder().Encode(bytes, packed);
        return packed.Span.ToArray();
    }
}
