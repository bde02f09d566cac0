using System.Buffers.Binary;
using System.Net;
using System.Text;
using Mesh.Common.Errors;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Log;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.RemoteRead;
using Mesh.Ingestion.Snappy;
using Mesh.Ingestion.Tests.Receiving;
using Mesh.Ingestion.Tests.RemoteWrite;
using Mesh.Ingestion.Tests.Servers;

namespace Mesh.Ingestion.Tests.RemoteRead;

[Trait("Needs", "servers")]
public sealed class RemoteReadTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    private const string Type = "application/x-protobuf";

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    [Fact]
    public async Task Both_answers_give_what_the_matchers_select_in_order()
    {
        var now = Now / 1000 * 1000 - 600_000;
        var request = new WriteRequest();
        foreach (var (host, i) in new[] { "b", "a", "c" }.Select((host, i) => (host, i)))
            request.Series($"__name__=cpu,host={host},mode=idle", [.. Enumerable.Range(0, 300).Select(k => (now + k * 1000L, i + k / 4.0))]);
        request.Series("__name__=cpu,host=a", (now, BitConverter.Int64BitsToDouble(0x7ff0000000000002)), (now + 1, double.NaN));
        request.Series("__name__=memory,host=a", (now, 9));
        var write = new Posts(servers, "read");
        Assert.Equal(HttpStatusCode.NoContent, (await write.SendAsync("/api/v1/write", request.Pack(), Type, "snappy")).Status);
        // A sender that sends samples again in another request: none is given twice.
        request.Series("__name__=memory,mode=x", (now, 9));
        Assert.Equal(HttpStatusCode.NoContent, (await write.SendAsync("/api/v1/write", request.Pack(), Type, "snappy")).Status);
        await servers.WaitForAsync("select count() from samples where tenant = 'read'", 1807);
        await servers.WaitForAsync("select uniq(id) from series where tenant = 'read'", 6);

        var query = Query(now, now + 299_000, (0, "__name__", "cpu"), (1, "host", "c"), (2, "mode", "id.*|"), (3, "host", "x.*"));
        var expected = """
            __name__=cpu,host=a 2 7ff0000000000002
            __name__=cpu,host=a,mode=idle 300 3ff0000000000000
            __name__=cpu,host=b,mode=idle 300 0000000000000000
            """;
        Assert.Equal(expected, Describe(await ReadSamplesAsync("read", query)));
        Assert.Equal(expected, Describe(await ReadChunksAsync("read", query)));

        Assert.Equal("__name__=memory,host=a 1 4022000000000000", Describe(await ReadChunksAsync("read", Query(now, now, (0, "mode", ""), (1, "__name__", "cpu")))));
        Assert.Equal("", Describe(await ReadSamplesAsync("read", Query(now + 300_000, now + 400_000, (2, "__name__", ".+")))));
        Assert.Equal("", Describe(await ReadSamplesAsync("foreign", query)));
    }

    [Fact]
    public async Task What_cannot_be_answered_is_said()
    {
        var posts = new Posts(servers, "readerrors");
        Assert.Equal(HttpStatusCode.NoContent, (await posts.SendAsync("/api/v1/write", new WriteRequest().Series("__name__=m,a=b", (Now, 1)).Pack(), Type, "snappy")).Status);
        await servers.WaitForAsync("select count() from series where tenant = 'readerrors'", 1);
        Assert.Equal(HttpStatusCode.BadRequest, (await posts.SendAsync("/api/v1/read", [1, 2], Type, "snappy")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await posts.SendAsync("/api/v1/read", Pack(Query(0, 1, (9, "a", "b"))), Type, "snappy")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await posts.SendAsync("/api/v1/read", Pack(Query(0, 1, (2, "a", "(b"))), Type, "snappy")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await posts.SendAsync("/api/v1/read", Pack([0x10, 0x07]), Type, "snappy")).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await posts.SendAsync("/api/v1/read", Pack(new byte[8 << 20]), Type, "snappy")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await posts.SendAsync("/api/v1/read", Pack([]), Type, "snappy", "")).Status);
        Assert.Equal(HttpStatusCode.OK, (await posts.SendAsync("/api/v1/read", Pack([]), Type, "snappy")).Status);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await posts.SendAsync("/api/v1/read", Pack([]), "application/json", "snappy")).Status);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await posts.SendAsync("/api/v1/read", Pack([]), Type, "gzip")).Status);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await posts.SendAsync("/api/v1/read", Pack([]), Type + ";proto=prometheus.WriteRequest", "snappy")).Status);
    }

    [Fact]
    public void A_damaged_request_is_refused_and_nothing_else() => new Fuzz().Run(
        [.. Query(5, 6, (0, "a", "b"), (3, "c", "d")), 0x12, 1, 1], 20_000, bytes => ReadRequest.Parse(bytes), typeof(InvalidDataException), typeof(MeshException));

    private async Task<List<(string Labels, List<(long Time, double Value)> Samples)>> ReadSamplesAsync(string tenant, byte[] query)
    {
        var answer = await PostAsync(tenant, query, Type);
        using var unpacked = new ByteBuffer();
        SnappyDecoder.Decode(answer, unpacked);
        return [.. Fields(unpacked.Span.ToArray(), 1).SelectMany(result => Fields(result, 1)).Select(series => (LabelsOf(series), Fields(series, 2).Select(SampleOf).ToList()))];
    }

    private async Task<List<(string Labels, List<(long Time, double Value)> Samples)>> ReadChunksAsync(string tenant, byte[] query)
    {
        var answer = await PostAsync(tenant, [.. query, 0x12, 2, 1, 0], "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse");
        var found = new List<(string, List<(long, double)>)>();
        for (var at = 0; at < answer.Length;)
        {
            var reader = new WireReader(answer.AsSpan(at));
            var length = (int)reader.ReadVarint();
            at += reader.Position;
            var message = answer.AsSpan(at + 4, length).ToArray();
            Assert.Equal(BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(at)), Crc32C.Compute(message));
            at += 4 + length;
            foreach (var series in Fields(message, 1))
                found.Add((LabelsOf(series), [.. Fields(series, 2).SelectMany(chunk => new XorChunkReader(Assert.Single(Fields(chunk, 4))).ReadAll())]));
        }

        return found;
    }

    private async Task<byte[]> PostAsync(string tenant, byte[] query, string type)
    {
        using var http = new HttpClient();
        using var message = new HttpRequestMessage(HttpMethod.Post, new Uri(servers.Ingestion.Address, "/api/v1/read")) { Content = new ByteArrayContent(Pack(query)) };
        message.Headers.TryAddWithoutValidation("authorization", Posts.Basic);
        message.Headers.Add("x-mesh-tenant", tenant);
        using var response = await http.SendAsync(message);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(type, response.Content.Headers.ContentType!.ToString());
        return await response.Content.ReadAsByteArrayAsync();
    }

    private static byte[] Query(long start, long end, params (int Type, string Name, string Value)[] matchers)
    {
        using var query = new ByteBuffer();
        query.WriteField(1, start);
        query.WriteField(2, end);
        foreach (var (type, name, value) in matchers)
        {
            using var matcher = new ByteBuffer();
            matcher.WriteField(1, type);
            matcher.WriteField(2, Encoding.UTF8.GetBytes(name));
            matcher.WriteField(3, Encoding.UTF8.GetBytes(value));
            query.WriteField(3, matcher.Span);
        }

        return WriteRequest.Field(1, query.Span.ToArray());
    }

    private static byte[] Pack(byte[] bytes)
    {
        using var packed = new ByteBuffer();
        new SnappyEncoder().Encode(bytes, packed);
        return packed.Span.ToArray();
    }

    private static string Describe(List<(string Labels, List<(long Time, double Value)> Samples)> found) => string.Join(
        '\n', found.Select(series => $"{series.Labels} {series.Samples.Count} {BitConverter.DoubleToInt64Bits(series.Samples[0].Value):x16}"));

    private static string LabelsOf(byte[] series) => string.Join(
        ',', Fields(series, 1).Select(label => Encoding.UTF8.GetString(Fields(label, 1)[0]) + "=" + Encoding.UTF8.GetString(Fields(label, 2)[0])));

    private static (long, double) SampleOf(byte[] message)
    {
        var reader = new WireReader(message);
        Assert.Equal(9u, reader.ReadTag());
        var value = reader.ReadDouble();
        Assert.Equal(16u, reader.ReadTag());
        return ((long)reader.ReadVarint(), value);
    }

    private static List<byte[]> Fields(byte[] message, int number)
    {
        var found = new List<byte[]>();
        var reader = new WireReader(message);
        while (!reader.AtEnd)
        {
            var tag = reader.ReadTag();
            if (tag == (uint)((number << 3) | 2))
                found.Add(reader.ReadBytes().ToArray());
            else
                reader.Skip(tag);
        }

        return found;
    }
}
