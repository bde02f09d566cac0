using System.Globalization;
using System.Net;
using Google.Protobuf;
using Mesh.Ingestion.Tests.Receiving;
using Mesh.Ingestion.Tests.RemoteWrite;
using Mesh.Ingestion.Tests.Servers;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Common.V1;
using OpenTelemetry.Proto.Metrics.V1;

namespace Mesh.Ingestion.Tests.Crash;

/// <summary>
/// Sends numbered samples as a collector does that knows no numbers: a request that is not answered is sent again as it is,
/// byte for byte, until it is.
/// </summary>
internal sealed class CrashSender(IngestionProcess server, string name, string path, string type, string encoding, Func<string, long, byte[]> encode)
{
    public const int BatchSize = 20;

    private static readonly long Start = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - 3_600_000;

    public string Name => name;

    /// <summary>How many requests were answered.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>How many requests were sent again.</summary>
    public long Repeated { get; private set; }

    public static IReadOnlyList<CrashSender> All(IngestionProcess server) =>
    [
        new(server, "remote", "/api/v1/write", "application/x-protobuf", "snappy", RemoteWrite),
        new(server, "lines", "/write?precision=ms", "text/plain", "", Lines),
        new(server, "otlp", "/v1/metrics", "application/x-protobuf", "", Otlp),
    ];

    public async Task RunAsync(CancellationToken stop)
    {
        var posts = new Posts(server, "crash");
        while (!stop.IsCancellationRequested)
        {
            var body = encode(name, Acknowledged * BatchSize);
            while (!await IsTakenAsync(posts, body))
            {
                Repeated++;
                await Task.Delay(20, CancellationToken.None);
            }

            Acknowledged++;
            // Many kills are the point here, not many samples.
            await Task.Delay(10, CancellationToken.None);
        }
    }

    private async Task<bool> IsTakenAsync(Posts posts, byte[] body)
    {
        try
        {
            using var answer = await posts.ExchangeAsync(path, body, type, encoding);
            Assert.True(answer.IsSuccessStatusCode || answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable, $"{name}: {answer}");
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static byte[] RemoteWrite(string name, long first) => new WriteRequest().Series(
        $"__name__=crash_sequence,writer={name}", [.. Numbers(first).Select(number => (Start + number, (double)number))]).Pack();

    private static byte[] Lines(string name, long first) => System.Text.Encoding.UTF8.GetBytes(string.Concat(Numbers(first).Select(
        number => string.Create(CultureInfo.InvariantCulture, $"crash,writer={name} sequence={number} {Start + number}\n"))));

    private static byte[] Otlp(string name, long first)
    {
        var points = Numbers(first).Select(number => new NumberDataPoint
        {
            TimeUnixNano = (ulong)(Start + number) * 1_000_000, AsInt = number,
            Attributes = { new KeyValue { Key = "writer", Value = new AnyValue { StringValue = name } } },
        });
        var metric = new Metric { Name = "crash_sequence", Gauge = new Gauge { DataPoints = { points } } };
        return new ExportMetricsServiceRequest { ResourceMetrics = { new ResourceMetrics { ScopeMetrics = { new ScopeMetrics { Metrics = { metric } } } } } }.ToByteArray();
    }

    private static IEnumerable<long> Numbers(long first) => Enumerable.Range(0, BatchSize).Select(i => first + i);
}
