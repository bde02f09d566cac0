using System.Diagnostics;
using System.Net.Http.Headers;
using Mesh.Common.Errors;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Targets;

namespace Mesh.Ingestion.Scraping;

/// <summary>Reads one target once.</summary>
public sealed class Scraper(IntakeService intake, TargetStore store, ILogger<Scraper> logger) : IDisposable
{
    private const int MaxBytes = 32 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http = new(new SocketsHttpHandler { AutomaticDecompression = System.Net.DecompressionMethods.GZip })
    {
        MaxResponseContentBufferSize = MaxBytes,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Reads the target, writes what it shows, and notes how it went.</summary>
    public async Task ScrapeAsync(Target target, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var error = "";
        string? text = null;
        try
        {
            text = await ReadAsync(target, cancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            error = exception is OperationCanceledException ? "The target did not answer in time." : exception.Message;
        }

        try
        {
            error = await WriteAsync(target, text, error, Stopwatch.GetElapsedTime(began));
        }
        catch (MeshException exception)
        {
            // The log refuses: what was read now is lost, and the target says so.
            error = exception.Message;
        }

        if (error.Length > 0)
            logger.LogDebug("Reading {Target} failed: {Error}", target.Name, error);
        await store.ReportAsync(target.Name, error, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private async Task<string> ReadAsync(Target target, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(target.Interval < Patience ? target.Interval : Patience);
        using var request = new HttpRequestMessage(HttpMethod.Get, target.Address);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/openmetrics-text"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/plain", 0.5));
        using var response = await _http.SendAsync(request, patience.Token);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsStringAsync(patience.Token);
    }

    // A target whose text cannot be read is down, and nothing of it is written but that.
    private async Task<string> WriteAsync(Target target, string? text, string error, TimeSpan elapsed)
    {
        List<ExposedSample> samples = [];
        try
        {
            if (text is not null)
                samples.AddRange(Exposition.Parse(new StringReader(text)));
        }
        catch (InvalidDataException exception)
        {
            (samples, error) = ([], exception.Message);
        }

        var batch = intake.Begin();
        using (var rows = new TargetSamples(target, batch))
        {
            foreach (var sample in samples)
                rows.Add(sample);
            rows.AddOutcome(error.Length == 0, elapsed);
        }

        await intake.WriteAsync(batch);
        return error;
    }
}
