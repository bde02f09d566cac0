using System.Text;
using Mesh.Common.Errors;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Scraping;

namespace Mesh.Ingestion.Pushed;

/// <summary>
/// Prometheus's text format and OpenMetrics, pushed. `/api/v1/import/prometheus` takes them as they are, with the query's
/// `extra_label=name=value` added; `/metrics/job/JOB/LABEL/VALUE…` is the Pushgateway's path, whose labels win over those of
/// the text (prometheus/pushgateway, "API"). Unlike a Pushgateway nothing is repeated: each push is one sample a series.
/// </summary>
internal static class PushedEndpoint
{
    private const string Base64 = "@base64";
    private const string OpenMetrics = "application/openmetrics-text";

    public static void MapPushed(this WebApplication app)
    {
        app.MapMethods("/api/v1/import/prometheus", ["POST", "PUT"], (HttpContext http, IntakeService intake) =>
            TakeAsync(http, intake, ExtraLabels(http.Request), StatusCodes.Status204NoContent));
        app.MapMethods("/metrics/job/{**path}", ["POST", "PUT"], (string path, HttpContext http, IntakeService intake) =>
            TakeAsync(http, intake, GroupOf("job/" + path), StatusCodes.Status200OK));
        app.MapMethods("/metrics/job@base64/{**path}", ["POST", "PUT"], (string path, HttpContext http, IntakeService intake) =>
            TakeAsync(http, intake, GroupOf("job@base64/" + path), StatusCodes.Status200OK));
    }

    /// <summary>The labels of a Pushgateway's path: names and values in turn, a value in base64 where its name says so.</summary>
    internal static IReadOnlyDictionary<string, string> GroupOf(string path)
    {
        var parts = path.TrimEnd('/').Split('/');
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < parts.Length; i += 2)
        {
            var (name, value) = (parts[i], i + 1 < parts.Length ? parts[i + 1] : throw Wrong());
            if (name.EndsWith(Base64, StringComparison.Ordinal))
                (name, value) = (name[..^Base64.Length], Decode(value));
            if (!labels.TryAdd(name, value))
                throw Wrong();
        }

        return labels;
    }

    private static async Task TakeAsync(HttpContext http, IntakeService intake, IReadOnlyDictionary<string, string> labels, int status)
    {
        var type = http.Request.ContentType ?? "";
        if (type.Contains("protobuf", StringComparison.OrdinalIgnoreCase))
        {
            http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        var rejections = await SampleRequest.TakeAsync(http, intake, (body, writer) =>
        {
            Decode(body, labels, writer, inSeconds: type.StartsWith(OpenMetrics, StringComparison.OrdinalIgnoreCase));
            ReceiverMetrics.Received("pushed");
        });
        if (rejections.Total > 0)
            throw MeshException.InvalidArgument("body", $"Refused, while the rest was taken: {rejections.Describe()}");
        http.Response.StatusCode = status;
    }

    internal static void Decode(ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> labels, SampleWriter writer, bool inSeconds = false)
    {
        foreach (var sample in Exposition.Parse(new StringReader(Encoding.UTF8.GetString(body.Span)), inSeconds))
        {
            writer.Begin(sample.Metric);
            foreach (var (name, value) in labels)
                writer.Label(name, value);
            foreach (var (name, value) in sample.Labels)
            {
                if (!labels.ContainsKey(name))
                    writer.Label(name, value);
            }

            writer.Add(sample.Value, sample.Milliseconds);
        }
    }

    private static Dictionary<string, string> ExtraLabels(HttpRequest request)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var label in request.Query["extra_label"])
        {
            var parts = label!.Split('=', 2);
            labels[parts[0]] = parts.Length == 2 ? parts[1] : throw MeshException.InvalidArgument("extra_label", "It has the form name=value.");
        }

        return labels;
    }

    private static string Decode(string value)
    {
        var padded = value.Replace('-', '+').Replace('_', '/').TrimEnd('=');
        var bytes = new byte[padded.Length];
        return Convert.TryFromBase64String(padded.PadRight((padded.Length + 3) / 4 * 4, '='), bytes, out var written)
            ? Encoding.UTF8.GetString(bytes, 0, written)
            : throw Wrong();
    }

    private static MeshException Wrong() => MeshException.InvalidArgument("path", "The path has the form /metrics/job/JOB/LABEL/VALUE/…, each label once.");
}
