using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;

namespace Mesh.Benchmarks.Ingest;

/// <summary>Sends a recording as fast as the server takes it: each sender one request after another over a connection of its own.</summary>
internal static class Replay
{
    /// <returns>How long each request took from sending to its answer, in milliseconds.</returns>
    public static async Task<List<double>> SendAsync(Recording recording, Uri address, string? token)
    {
        var senders = Enumerable.Range(0, Recording.Senders).Select(sender => Task.Run(() => SendFileAsync(recording.PathOf(sender), address, token)));
        return [.. (await Task.WhenAll(senders)).SelectMany(latencies => latencies)];
    }

    private static async Task<List<double>> SendFileAsync(string path, Uri address, string? token)
    {
        using var http = new HttpClient();
        if (token is not null)
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        http.DefaultRequestHeaders.Add("X-Prometheus-Remote-Write-Version", "0.1.0");
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);
        var (length, latencies) = (new byte[4], new List<double>());
        while (await file.ReadAtLeastAsync(length, 4, throwOnEndOfStream: false) == 4)
        {
            var request = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
            await file.ReadExactlyAsync(request);
            var begun = Stopwatch.GetTimestamp();
            await SendRequestAsync(http, address, request);
            latencies.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        return latencies;
    }

    private static async Task SendRequestAsync(HttpClient http, Uri address, byte[] request)
    {
        while (true)
        {
            using var content = new ByteArrayContent(request);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
            content.Headers.ContentEncoding.Add("snappy");
            using var response = await http.PostAsync(address, content);
            if (response.IsSuccessStatusCode)
                return;
            // A sender that is told to wait waits; its request's latency counts the wait.
            if (response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable))
                throw new InvalidOperationException($"{address} answered {response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
            await Task.Delay(response.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1));
        }
    }
}
