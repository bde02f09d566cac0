using System.Net;
using System.Text;
using Mesh.Agent.Allocations;

namespace Mesh.Agent.Telemetry;

/// <summary>Reads the metrics that a process gives on its own port. One that gives none is left in peace.</summary>
internal sealed class AppScrape(TimeProvider time, ILogger<AppScrape> log) : IDisposable
{
    private const int LargestBody = 4 << 20;
    private const int MostSamples = 10_000;
    private const string Accept = "text/plain; version=0.0.4";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
    })
    { MaxResponseContentBufferSize = LargestBody };

    public void Dispose() => http.Dispose();

    public async Task<IReadOnlyList<MetricSample>> ReadAsync(
        Allocation allocation, SortedDictionary<string, string> labels, CancellationToken cancellation)
    {
        if (LocalUrl.Of(allocation.Port, allocation.Spec.MetricsPath) is not { } url) return [];
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(Patience);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.TryAddWithoutValidation("Accept", Accept);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseContentRead, limited.Token);
            if (response.StatusCode != HttpStatusCode.OK || !IsText(response)) return [];
            var (samples, malformed) = PrometheusText.Parse(Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(limited.Token)), MostSamples);
            if (malformed > 0) log.LogDebug("Allocation {Allocation} gave {Count} metric lines that are malformed or too many", allocation.Spec.Uid, malformed);
            var now = time.GetUtcNow();
            return [.. samples.Select(sample => ToSample(allocation, labels, sample, now))];
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return [];
        }
    }

    // A page of HTML answers 200 too, whatever its path.
    private static bool IsText(HttpResponseMessage response) => response.Content.Headers.ContentType?.MediaType is null or "text/plain" or "application/openmetrics-text";

    // The platform's own labels cannot be forged: an application's of the same name is kept under `exported_`.
    private static MetricSample ToSample(Allocation allocation, SortedDictionary<string, string> labels, ExposedSample sample, DateTimeOffset now)
    {
        SortedDictionary<string, string> all = new(labels, StringComparer.Ordinal);
        foreach (var (name, value) in sample.Labels) all[labels.ContainsKey(name) ? $"exported_{name}" : name] = value;
        var at = sample.TimeMillis is { } millis && Math.Abs(now.ToUnixTimeMilliseconds() - millis) < 3_600_000 ? DateTimeOffset.FromUnixTimeMilliseconds(millis) : now;
        return new(new(AllocationLabels.Tenant(allocation.Spec), sample.Metric, [.. all]), at, sample.Value);
    }
}
