using Mesh.Ingestion.Targets;

namespace Mesh.Ingestion.Scraping;

/// <summary>Prometheus's text format and OpenMetrics. netdata shows the former, when it is asked to.</summary>
internal sealed class TextTranslator(TargetHttp http) : ITranslator
{
    private const string Accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    private const string OpenMetrics = "application/openmetrics-text";

    public async Task<HistoryReading> ReadAsync(Target target, TargetHistory history, TargetSamples samples, CancellationToken cancellationToken)
    {
        using var body = await http.GetAsync(target, TargetUrl.Of(target), Accept, cancellationToken);
        if (body.Type is not ("" or "text/plain" or OpenMetrics or "application/octet-stream"))
            throw new ScrapeException($"The target shows `{body.Type}`, which is no text of metrics.");
        var openMetrics = body.Type == OpenMetrics;
        if (openMetrics && !body.Memory.Span.TrimEnd((byte)'\n').EndsWith("# EOF"u8))
            throw new ScrapeException("The target's text was cut off: OpenMetrics ends with `# EOF`.");
        try
        {
            using var text = body.Text();
            foreach (var sample in Exposition.Parse(text, openMetrics))
                samples.Add(sample);
        }
        catch (InvalidDataException exception)
        {
            throw new ScrapeException(exception.Message);
        }

        return HistoryReading.None;
    }
}
