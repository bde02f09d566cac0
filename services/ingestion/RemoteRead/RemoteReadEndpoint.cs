using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Snappy;

namespace Mesh.Ingestion.RemoteRead;

/// <summary>
/// Prometheus's remote read (prometheus.io, "Remote Read API"; prompb/remote.proto), so that a Prometheus runs PromQL over
/// what is stored here. Both kinds of answer are given: SAMPLES and STREAMED_XOR_CHUNKS.
/// </summary>
internal static class RemoteReadEndpoint
{
    private const int MaxRequestBytes = 1 << 20;
    private const int FlushBytes = 256 << 10;

    public static void MapRemoteRead(this WebApplication app)
    {
        app.MapPost("/api/v1/read", AnswerAsync);
        app.MapPost("/api/v1/prom/read", AnswerAsync);
    }

    private static async Task AnswerAsync(HttpContext http, ReadStore store)
    {
        var tenant = await HttpSender.ReadsFromAsync(http);
        PackedRequest.Check(http.Request, "prometheus.ReadRequest");
        var request = await ReadAsync(http);
        if (request.Chunked)
            await StreamAsync(http, store, tenant, request);
        else
            await GatherAsync(http, store, tenant, request);
    }

    private static async Task<ReadRequest> ReadAsync(HttpContext http)
    {
        using var body = await RequestBody.ReadRawAsync(http, MaxRequestBytes);
        try
        {
            if (SnappyDecoder.ReadLength(body.Span, out _) > MaxRequestBytes)
                throw RequestBody.TooLarge(MaxRequestBytes);
            using var unpacked = new ByteBuffer();
            SnappyDecoder.Decode(body.Span, unpacked);
            return ReadRequest.Parse(unpacked.Span);
        }
        catch (InvalidDataException exception)
        {
            throw RequestBody.Unreadable(exception.Message);
        }
    }

    private static async Task GatherAsync(HttpContext http, ReadStore store, string tenant, ReadRequest request)
    {
        using var answer = new SampledAnswer();
        foreach (var query in request.Queries)
        {
            await foreach (var series in store.ReadAsync(tenant, query, http.RequestAborted))
                answer.Add(series);
            answer.EndQuery();
        }

        using var packed = answer.Pack();
        http.Response.ContentType = "application/x-protobuf";
        http.Response.Headers.ContentEncoding = "snappy";
        http.Response.ContentLength = packed.Length;
        await http.Response.Body.WriteAsync(packed.Memory, http.RequestAborted);
    }

    private static async Task StreamAsync(HttpContext http, ReadStore store, string tenant, ReadRequest request)
    {
        http.Response.ContentType = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";
        using var answer = new ChunkedAnswer();
        using var frames = new ByteBuffer(FlushBytes);
        for (var number = 0; number < request.Queries.Count; number++)
        {
            await foreach (var series in store.ReadAsync(tenant, request.Queries[number], http.RequestAborted))
            {
                answer.Write(series, number, frames);
                if (frames.Length >= FlushBytes)
                    await FlushAsync(http, frames);
            }
        }

        await FlushAsync(http, frames);
    }

    private static async Task FlushAsync(HttpContext http, ByteBuffer frames)
    {
        await http.Response.Body.WriteAsync(frames.Memory, http.RequestAborted);
        frames.Clear();
    }
}
