using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Ingestion.V1;

namespace Mesh.Benchmarks.Ingest;

/// <summary>
/// Our own stream, with batches of 1,000 samples that were made before: what is measured is the service and not the making of messages.
/// </summary>
internal sealed class StreamLoad
{
    public const int SamplesPerBatch = 1_000;
    private const int Streams = 2;

    private static readonly Method<byte[], StreamResponse> s_stream = new(
        MethodType.DuplexStreaming, "mesh.ingestion.v1.TelemetryService", "Stream",
        Marshallers.Create(bytes => bytes, bytes => bytes), Marshallers.Create(response => response.ToByteArray(), StreamResponse.Parser.ParseFrom));

    private readonly List<byte[]>[] _messages = new List<byte[]>[Streams];

    public long Samples { get; private set; }

    /// <param name="hosts">How many hosts, 478 series each.</param>
    /// <param name="scrapes">How many times each is scraped.</param>
    /// <param name="replaces">Whether hosts are replaced now and then.</param>
    public static StreamLoad Make(int hosts, int scrapes, bool replaces = true)
    {
        var load = new StreamLoad();
        var start = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - 300_000 - (long)scrapes * HostFleet.ScrapeMilliseconds;
        for (var stream = 0; stream < Streams; stream++)
            load._messages[stream] = [.. load.MessagesOf(new HostFleet(hosts / Streams, start, replaces), stream, scrapes)];
        return load;
    }

    /// <summary>Sends everything.</summary>
    /// <param name="address">The service.</param>
    /// <param name="headers">Who sends.</param>
    /// <param name="samplesPerSecond">At most this many; 0 means as many as are taken.</param>
    /// <returns>The time from a batch's sending to its acknowledgement, in milliseconds, for each batch.</returns>
    public async Task<List<double>> SendAsync(Uri address, Metadata headers, double samplesPerSecond)
    {
        var streams = _messages.Select(messages => Task.Run(() => SendAsync(address, headers, messages, samplesPerSecond / Streams)));
        return [.. (await Task.WhenAll(streams)).SelectMany(latencies => latencies)];
    }

    private static async Task<List<double>> SendAsync(Uri address, Metadata headers, List<byte[]> messages, double samplesPerSecond)
    {
        using var channel = GrpcChannel.ForAddress(address);
        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(s_stream, null, new CallOptions(headers));
        await call.RequestStream.WriteAsync(
            new StreamRequest { Open = new() { WriterId = Guid.NewGuid().ToString(), Parent = "tenants/stream" } }.ToByteArray());
        if (!await call.ResponseStream.MoveNext(CancellationToken.None))
            throw new InvalidOperationException("the stream has ended");
        using var window = new SemaphoreSlim(call.ResponseStream.Current.Opened.WindowBatches);
        var sent = new long[messages.Count];
        var reading = ReadAsync(call.ResponseStream, sent, window);
        var begun = Stopwatch.GetTimestamp();
        for (var i = 0; i < messages.Count; i++)
        {
            var due = samplesPerSecond == 0 ? 0 : i * SamplesPerBatch / samplesPerSecond - Stopwatch.GetElapsedTime(begun).TotalSeconds;
            if (due > 0.002)
                await Task.Delay(TimeSpan.FromSeconds(due));
            // A batch that should have been sent by now counts from then: a server that stalls does not hide it.
            sent[i] = Stopwatch.GetTimestamp() + (long)(Math.Min(0, due) * Stopwatch.Frequency * (samplesPerSecond == 0 ? 0 : 1));
            await window.WaitAsync();
            if (samplesPerSecond == 0)
                sent[i] = Stopwatch.GetTimestamp();
            await call.RequestStream.WriteAsync(messages[i]);
        }

        await call.RequestStream.CompleteAsync();
        return await reading;
    }

    private static async Task<List<double>> ReadAsync(IAsyncStreamReader<StreamResponse> responses, long[] sent, SemaphoreSlim window)
    {
        var latencies = new List<double>(sent.Length);
        while (await responses.MoveNext(CancellationToken.None))
        {
            var ack = responses.Current.Ack;
            if (ack.Rejections.Count > 0)
                throw new InvalidOperationException($"refused: {ack}");
            for (; latencies.Count < (int)ack.Number; window.Release())
                latencies.Add(Stopwatch.GetElapsedTime(sent[latencies.Count]).TotalMilliseconds);
        }

        return latencies.Count == sent.Length ? latencies : throw new InvalidOperationException("not everything was acknowledged");
    }

    private IEnumerable<byte[]> MessagesOf(HostFleet fleet, int stream, int scrapes)
    {
        var declared = new HashSet<int>();
        var (batch, number, last) = (new Batch { Number = 1, Samples = new() }, 1UL, 0L);
        for (var scrape = 0; scrape < scrapes; scrape++)
        {
            fleet.Advance();
            for (var host = 0; host < fleet.Hosts; host++)
            {
                var isNew = declared.Add(fleet.NumberOf(host));
                var first = fleet.NumberOf(host) * fleet.SeriesPerHost;
                for (var i = 0; i < fleet.SeriesPerHost; i++)
                {
                    if (isNew)
                        batch.Series.Add(Declaration(fleet, host, i, (uint)(first + i), stream));
                    batch.Samples.SeriesRefs.Add((uint)(first + i));
                    batch.Samples.TimeDeltasMillis.Add(fleet.TimeOf(host) - last);
                    batch.Samples.Values.Add(fleet.ValueOf(host, i));
                    last = fleet.TimeOf(host);
                    Samples++;
                    if (batch.Samples.Values.Count < SamplesPerBatch)
                        continue;
                    yield return new StreamRequest { Batch = batch }.ToByteArray();
                    (batch, last) = (new Batch { Number = ++number, Samples = new() }, 0);
                }
            }
        }

        if (batch.Samples.Values.Count > 0)
            yield return new StreamRequest { Batch = batch }.ToByteArray();
    }

    private static SeriesDeclaration Declaration(HostFleet fleet, int host, int index, uint number, int stream)
    {
        var declaration = new SeriesDeclaration { Ref = number, Metric = fleet.SeriesOf(index).Family.Metric };
        declaration.Labels.Add(new Label { Name = "instance", Value = $"{stream}-{fleet.InstanceOf(host)}" });
        declaration.Labels.AddRange(fleet.SeriesOf(index).Labels.Skip(1).Select(label => new Label { Name = label.Key, Value = label.Value }));
        return declaration;
    }
}
